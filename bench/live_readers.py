"""The process beside `live.py` that holds its connections: `live_readers.py FORM PORT CONNECTIONS`.

Reads the keys from standard input, says when every stream is open, and at the end, on the next line of input, what each
event's readers saw. It reads the bytes itself: a client library would take longer over a message than the server.
"""

import asyncio
import base64
import json
import os
import re
import sys
import time
from dataclasses import dataclass, field

SAMPLED = 10
"""The moments of every so many-th connection are kept; what it received is counted for all."""
AT_ONCE = 50
PING = re.compile(rb"\x89\x04(.{4})", re.DOTALL)
SEQ = re.compile(rb'"seq":(\d+),"type"')


@dataclass
class Seen:
    """What all connections saw."""

    received: int = 0
    disordered: int = 0
    held: int = 0
    moments: dict[int, list[float]] = field(default_factory=dict)


async def main(form: str, port: int, connections: int) -> None:
    """Hold the connections until a line comes in."""
    keys = json.loads(sys.stdin.readline())
    seen, began, gate = Seen(), time.monotonic(), asyncio.Semaphore(AT_ONCE)

    async def opened(number: int) -> asyncio.Task[None]:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request(form, port, keys[number % len(keys)]))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.split()[1] in (b"101", b"200"), head
            await reader.readuntil(b'"type":"ready"' if form == "websocket" else b"id: ")
        return asyncio.create_task(follow(reader, writer, seen, sampled=number % SAMPLED == 0))

    tasks = await asyncio.gather(*(opened(number) for number in range(connections)))
    print(json.dumps({"seconds": time.monotonic() - began}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    seen.held = sum(not task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    print(json.dumps(vars(seen)), flush=True)


def request(form: str, port: int, key: str) -> bytes:
    """The request that opens a stream."""
    lines = ["GET /v1/events HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Authorization: Bearer {key}"]
    if form == "websocket":
        nonce = base64.b64encode(os.urandom(16)).decode()
        lines += [
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {nonce}",
        ]
    else:
        lines += ["Accept: text/event-stream"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def follow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Seen, *, sampled: bool) -> None:
    """Note every event of one connection: its seq stands before its type, and nowhere else in these events.

    Pings are answered, as a server asks of whoever wants to stay.
    """
    last, rest = 0, b""
    while chunk := await reader.read(65_536):
        now, rest = time.time(), rest + chunk
        for ping in PING.finditer(chunk):
            writer.write(b"\x8a\x84\0\0\0\0" + ping[1])  # a pong with a mask that changes nothing
        end = 0
        for found in SEQ.finditer(rest):
            seq, end = int(found[1]), found.end()
            seen.received += 1
            seen.disordered += seq != last + 1
            last = seq
            if sampled:
                seen.moments.setdefault(seq, []).append(now)
        rest = rest[end:]
    writer.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
