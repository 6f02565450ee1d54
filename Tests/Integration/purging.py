#!/usr/bin/env python3
"""Pages that are edited, purged and looked at, for the tests of purging. Nothing but Python's standard library, and
for `plone` the real plone.cachepurging.

The pages /page/0, /page/1 … have editions: numbers in a file that all zones share. What a purge was acknowledged for
stands in a second such file. A cache that serves an older edition than that is stale.

    purging.py origin PORT EDITIONS                     serves every page in its present edition
    purging.py edit DOOR PORT EDITIONS ACKED FIRST COUNT CONNECTIONS SECONDS
                                                        edits pages and purges them, on and on; a line at the end
    purging.py visit ADDRESS COUNT SECONDS               asks the zone's Varnish for pages, on and on
    purging.py fill ADDRESS COUNT                       asks for every page once
    purging.py check ADDRESS COUNT ACKED                a line for each page that is stale
    purging.py plone DOOR PORT EDITIONS ACKED COUNT     edits and purges every page once, as Plone does
"""

import asyncio
import mmap
import os
import random
import struct
import sys
import time

HOST = "pages.example"
VARNISH = 6081
SIZE = 4
CAPACITY = 100_000


class Numbers:
    """Numbers in a file, shared by all processes that open it. Each is written by one process only."""

    def __init__(self, path):
        with open(path, "ab"):
            pass
        if os.path.getsize(path) < SIZE * CAPACITY:
            os.truncate(path, SIZE * CAPACITY)
        with open(path, "r+b") as file:
            self.bytes = mmap.mmap(file.fileno(), 0)

    def __getitem__(self, place):
        return struct.unpack_from("<I", self.bytes, place * SIZE)[0]

    def __setitem__(self, place, value):
        struct.pack_into("<I", self.bytes, place * SIZE, value)


class Connection:
    """Requests one after the other; opened again when it broke."""

    def __init__(self, host, port):
        self.address = (host, int(port))
        self.writer = None

    async def request(self, method, path, seconds=8):
        """Status and headers; None when there was no answer."""
        try:
            return await asyncio.wait_for(self._request(method, path), seconds)
        except (OSError, EOFError, asyncio.TimeoutError, asyncio.LimitOverrunError):
            if self.writer:
                self.writer.close()
            self.writer = None
            return None

    async def _request(self, method, path):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(*self.address)
        self.writer.write(f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = (line.split(":", 1) for line in head[1:] if ":" in line)
        headers = {name.strip().lower(): value.strip() for name, value in fields}
        await self.reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.writer.close()
            self.writer = None
        return int(head[0].split(" ")[1]), headers


async def origin(port, editions):
    numbers = Numbers(editions)

    async def connected(reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                # What is read before a page is made may be old when it is there.
                edition = numbers[int(head.split(" ")[1].rsplit("/", 1)[1])]
                await asyncio.sleep(random.random() * 0.02)
                writer.write(
                    f"HTTP/1.1 200 OK\r\nCache-Control: s-maxage=10000\r\nX-Edition: {edition}\r\n"
                    "Content-Length: 0\r\n\r\n".encode()
                )
        except (EOFError, OSError, ValueError, IndexError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", int(port), backlog=1024)
    async with server:
        await server.serve_forever()


async def edit(door, port, editions, acked, first, count, connections, seconds):
    editions, acked = Numbers(editions), Numbers(acked)
    first, count, connections = int(first), int(count), int(connections)
    end = time.time() + float(seconds)
    statuses = {}

    async def editor(number):
        # Pages of its own, so that nobody else edits them.
        pages = range(first + number, first + count, connections)
        line = Connection(door, port)
        while time.time() < end:
            page = random.choice(pages)
            editions[page] += 1
            edition = editions[page]
            answer = await line.request("PURGE", f"/page/{page}")
            status = answer[0] if answer else 0
            statuses[status] = statuses.get(status, 0) + 1
            if status == 200:
                acked[page] = edition
            else:
                await asyncio.sleep(0.05)

    await asyncio.gather(*(editor(number) for number in range(connections)))
    print(statuses.pop(200, 0), sum(statuses.values()), statuses)


async def visit(address, count, seconds):
    end = time.time() + float(seconds)

    async def visitor():
        line = Connection(address, VARNISH)
        while time.time() < end:
            await line.request("GET", f"/page/{random.randrange(int(count))}")

    await asyncio.gather(*(visitor() for _ in range(8)))


async def each(address, count, look):
    lines = [Connection(address, VARNISH) for _ in range(16)]

    async def walk(number):
        for page in range(number, int(count), len(lines)):
            look(page, await lines[number].request("GET", f"/page/{page}"))

    await asyncio.gather(*(walk(number) for number in range(len(lines))))


async def fill(address, count):
    await each(address, count, lambda page, answer: None)


async def check(address, count, acked):
    acked = Numbers(acked)

    def look(page, answer):
        served = int(answer[1].get("x-edition", -1)) if answer else -1
        if served < acked[page]:
            print(f"/page/{page}: edition {served}, purged for {acked[page]}")

    await each(address, count, look)


def plone(door, port, editions, acked, count):
    import logging

    from plone.cachepurging.purger import DefaultPurger

    class Told(logging.Handler):
        """What the purger's worker has to say of failures."""

        def emit(self, record):
            text = record.getMessage()
            if record.levelno >= logging.WARNING or "Transient failure" in text or "full" in text:
                print("told:", text)

    logger = logging.getLogger("plone.cachepurging.purger")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(Told())
    editions, acked = Numbers(editions), Numbers(acked)
    purger = DefaultPurger()
    for page in range(int(count)):
        editions[page] += 1
        purger.purgeAsync(f"http://{door}:{port}/page/{page}")
    for queue in purger.queues.values():
        while not queue.empty():
            time.sleep(0.05)
    purger.stopThreads(wait=True)
    for page in range(int(count)):
        acked[page] = editions[page]
    print("purged", count)


COMMANDS = {
    "origin": origin, "edit": edit, "visit": visit, "fill": fill, "check": check, "plone": plone,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    result = COMMANDS[sys.argv[1]](*sys.argv[2:])
    if asyncio.iscoroutine(result):
        asyncio.run(result)
