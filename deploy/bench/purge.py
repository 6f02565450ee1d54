#!/usr/bin/env python3
"""Helpers of deploy/bench/purge and deploy/bench/fill, with nothing but Python's standard library.

    purge.py origin PORT                    pages that may be cached for a day
    purge.py fill HOST PORT COUNT           visits so many pages, /page/0 and so on
    purge.py sequential PORT CACHE...       a purger as it is in the field: PURGE to one cache (HOST:PORT) after the
                                            other, nothing kept, the last one's answer
    purge.py paced HOST PORT RATE COUNT     PURGE of these pages at a steady rate; a line "PATH SECONDS" for each 200
    purge.py delays ANSWERED LOG...         from the answer 200 to the last cache's purge, by the caches' logs
"""

import asyncio
import sys
import time


async def read_head(reader):
    """The lines of a request or an answer, without its body; nothing at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return head.decode("latin-1").split("\r\n")


async def serve(port, answer):
    async def connected(reader, writer):
        state = {}
        while (head := await read_head(reader)) is not None:
            writer.write(await answer(head, state))
            await writer.drain()
            # As Varnish asks whether it is well.
            if any(line.lower() == "connection: close" for line in head):
                break
        writer.close()

    server = await asyncio.start_server(connected, "0.0.0.0", port, backlog=1024)
    async with server:
        await server.serve_forever()


async def origin(port):
    async def answer(head, state):
        return b"HTTP/1.1 200 OK\r\nCache-Control: s-maxage=86400\r\nContent-Length: 5\r\n\r\npage\n"

    await serve(int(port), answer)


async def fill(host, port, count):
    """Some connections at a time; the first waits until the cache takes its origin for healthy."""
    numbers = iter(range(int(count)))
    deadline = time.time() + 30

    async def status_of(number, reader, writer):
        writer.write(f"GET /page/{number} HTTP/1.1\r\nHost: bench.example\r\n\r\n".encode())
        head = await read_head(reader) or ["HTTP/1.1 none"]
        lengths = [line.split(":")[1] for line in head if line.lower().startswith("content-length:")]
        await reader.readexactly(int(lengths[0]) if lengths else 0)
        return head[0].split(" ")[1]

    async def visit():
        reader, writer = await asyncio.open_connection(host, int(port))
        for number in numbers:
            while (status := await status_of(number, reader, writer)) != "200":
                if time.time() > deadline:
                    return f"/page/{number} is answered {status}"
                await asyncio.sleep(0.2)
        writer.close()

    answers = await asyncio.gather(*(visit() for _ in range(16)))
    if failures := [answer for answer in answers if answer]:
        sys.exit(failures[0])


async def sequential(port, *caches):
    """Its connections to the caches are kept, one for each client: faster than purgers that open one each time."""

    async def answer(head, state):
        request = (head[0] + "\r\nHost: bench.example\r\n\r\n").encode("latin-1")
        status = "503"
        for cache in caches:
            if cache not in state:
                state[cache] = await asyncio.open_connection(*cache.rsplit(":", 1))
            reader, writer = state[cache]
            writer.write(request)
            answered = await read_head(reader)
            lengths = [line.split(":")[1] for line in answered if line.lower().startswith("content-length:")]
            await reader.readexactly(int(lengths[0]) if lengths else 0)
            status = answered[0].split(" ")[1]
        return f"HTTP/1.1 {status} Purged\r\nContent-Length: 0\r\n\r\n".encode()

    await serve(int(port), answer)


async def paced(host, port, rate, count):
    reader, writer = await asyncio.open_connection(host, int(port))
    began = time.time()
    for number in range(int(count)):
        await asyncio.sleep(max(0, began + number / float(rate) - time.time()))
        path = f"/page/{number}"
        writer.write(f"PURGE {path} HTTP/1.1\r\nHost: bench.example\r\n\r\n".encode())
        head = await read_head(reader)
        if head[0].split(" ")[1] == "200":
            print(path, f"{time.time():.6f}")


def delays(answered, *logs):
    """Each line of a log is "SECONDS PATH". A purge that came before its answer was read took no time."""
    caches = []
    for log in logs:
        with open(log) as lines:
            caches.append({path: float(at) for at, path in (line.split() for line in lines)})
    took, missing = [], 0
    with open(answered) as lines:
        for path, at in (line.split() for line in lines):
            if all(path in cache for cache in caches):
                took.append(max(0.0, max(cache[path] for cache in caches) - float(at)) * 1e3)
            else:
                missing += 1
    took.sort()
    if not took:
        sys.exit(f"no purge was seen at all caches, {missing} are missing")
    pick = lambda share: took[min(len(took) - 1, int(share * len(took)))]
    print(f"{len(took)} {missing} {pick(0.5):.2f} {pick(0.99):.2f} {took[-1]:.2f}")


COMMANDS = {"origin": origin, "fill": fill, "sequential": sequential, "paced": paced, "delays": delays}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    result = COMMANDS[sys.argv[1]](*sys.argv[2:])
    if asyncio.iscoroutine(result):
        asyncio.run(result)
