-- For wrk: purges at a zone's door, or puts at an etcd member, each to a key of its own. Run with one thread:
--
--     wrk -t1 … -s door.lua URL -- purge|put PREFIX [COUNT]
--
-- With COUNT, exactly so many requests are sent, and wrk ends when all are answered, or after its -d. The last line
-- printed is
--
--     result ANSWERED-200 OTHER SECONDS P50 P99 MAXIMUM     (latencies in milliseconds)

local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int process, int signal);")

local number, reserved, limit = 0, 0, nil
local base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
good, other = 0, 0

local threads = {}
function setup(thread) table.insert(threads, thread) end

function init(arguments)
  local kind, prefix = arguments[1], arguments[2]
  limit = tonumber(arguments[3])
  request = kind == "put" and put(prefix) or purge(prefix)
  if limit then
    -- wrk asks for the delay before each request, and once more for each connection when all are sent.
    delay = function()
      reserved = reserved + 1
      return reserved <= limit and 0 or 3600000
    end
  end
end

-- A path of 256 bytes.
function purge(prefix)
  local headers = { Host = os.getenv("BENCH_HOST") or "bench.example" }
  return function()
    number = number + 1
    local path = string.format("/%s/%d/", prefix, number)
    return wrk.format("PURGE", path .. string.rep("x", 256 - #path), headers)
  end
end

-- A value of 256 bytes.
function put(prefix)
  local headers = { Host = "etcd", ["Content-Type"] = "application/json" }
  local value = encode(string.rep("x", 256))
  return function()
    number = number + 1
    local key = encode(string.format("%s/%d", prefix, number))
    return wrk.format("POST", "/v3/kv/put", headers, string.format('{"key":"%s","value":"%s"}', key, value))
  end
end

function encode(text)
  return (text:gsub("..?.?", function(part)
    local a, b, c = part:byte(1, 3)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    local four = {}
    for place = 3, 0, -1 do
      local digit = math.floor(bits / 64 ^ place) % 64
      four[#four + 1] = base64:sub(digit + 1, digit + 1)
    end
    if not b then four[3] = "=" end
    if not c then four[4] = "=" end
    return table.concat(four)
  end))
end

function response(status)
  if status == 200 then good = good + 1 else other = other + 1 end
  -- As if by Ctrl-C: to stop its threads alone would leave wrk asleep until its -d is over.
  if limit and good + other == limit then ffi.C.kill(ffi.C.getpid(), 2) end
end

function done(summary, latency)
  local answered, refused = 0, 0
  for _, thread in ipairs(threads) do
    answered = answered + thread:get("good")
    refused = refused + thread:get("other")
  end
  print(string.format("result %d %d %.3f %.2f %.2f %.2f", answered, refused, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
