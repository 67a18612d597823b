"""Floods a server from a process of its own, as it must not be the flooder's share of our
interpreter that slows the server down.

    with flooding(Orders("hold", port=server.port, connections=100)) as flood:
        ...the flood is in full swing here...
    assert flood.did["connections"] >= 100

The process says "begun" when it is in full swing, goes on until it hears that it is over, says what
it has done and waits for the next orders: its start takes longer than many a flood.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import gc
import itertools
import json
import resource
import selectors
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

from securechat.irc.sasl import encode_chunks, encode_plain

PATIENCE = 20.0
"""Seconds that one connection waits for the server."""

OVER = "over"

GONE_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: what was not sent yet when a socket is closed, is not sent after it for minutes."""


@dataclass(frozen=True)
class Orders:
    """kind: a key of KINDS. port: on 127.0.0.1. connections: open at once. full: opened in all when
    the flood is in full swing, at first connections. addresses: how many to come from.

    first: what a plain connection says, in hexadecimal. names, password: accounts to log in as, in
    turn. caps: to ask for. lines: said again and again. bytewise: each byte in a record of its own.
    deaf: reads nothing after its login. hangs_up: after having said the lines once.
    """

    kind: str
    port: int
    connections: int = 1
    full: int = 0
    addresses: int = 1
    first: str = ""
    names: list[str] = field(default_factory=list)
    password: str = ""
    caps: str = ""
    lines: list[str] = field(default_factory=list)
    bytewise: bool = False
    deaf: bool = False
    hangs_up: bool = False

    def address(self, number: int) -> str:
        """Where the connection of this number comes from; never where the tests do."""
        high, low = divmod(number % self.addresses, 250)
        return f"127.77.{high}.{low + 1}"


class Flooder:
    """The parent's view of the process. did: what it said at its end."""

    def __init__(self) -> None:
        self.did: dict[str, int] = {}


@contextlib.contextmanager
def flooding(orders: Orders) -> Iterator[Flooder]:
    """A flood that is in full swing for the time of a block."""
    process, flooder = _take_idle(), Flooder()
    assert process.stdin is not None
    assert process.stdout is not None
    alarm = threading.Timer(3 * PATIENCE, process.kill)
    alarm.start()
    try:
        print(json.dumps(asdict(orders)), file=process.stdin, flush=True)
        assert process.stdout.readline() == "begun\n", "the flood never got going"
        yield flooder
        print(OVER, file=process.stdin, flush=True)
        flooder.did = json.loads(process.stdout.readline())
        _idle.append(process)
    finally:
        alarm.cancel()
        if process not in _idle:
            _end(process)


_idle: list[subprocess.Popen[str]] = []
"""Processes that have no orders."""


def _take_idle() -> subprocess.Popen[str]:
    if _idle:
        return _idle.pop()
    command = [sys.executable, "-m", "tests.support.flood"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    with process:
        pass


@atexit.register
def _end_idle() -> None:
    while _idle:
        _end(_idle.pop())


# --- in the process, from here on ----------------------------------------------------------------


class Flood:
    """One of a kind, until it is over. did: how often what was done."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.did: Counter[str] = Counter()
        self.over = threading.Event()
        self._begun = False

    def count(self, what: str, wanted: int = 0) -> None:
        """One more; in full swing when that many are wanted."""
        self.did[what] += 1
        if wanted and self.did[what] >= wanted and not self._begun:
            self._begun = True
            print("begun", flush=True)

    def connects(self, number: int) -> socket.socket:
        source = self.orders.address(number)
        sock = socket.create_connection(("127.0.0.1", self.orders.port), PATIENCE, (source, 0))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, GONE_AT_ONCE)
        return sock


def hold(flood: Flood) -> None:
    """Connections that say something, or nothing, and stay; for one that ends another comes."""
    orders, first = flood.orders, bytes.fromhex(flood.orders.first)
    with selectors.DefaultSelector() as selector:
        for number in itertools.count():
            if flood.over.is_set():
                return
            with contextlib.suppress(OSError):
                sock = flood.connects(number)
                selector.register(sock, selectors.EVENT_READ)
                flood.count("connections", orders.full or orders.connections)
                sock.sendall(first)
            while len(selector.get_map()) >= orders.connections or number % 50 == 49:
                _close_ended(flood, selector)
                if len(selector.get_map()) < orders.connections or flood.over.is_set():
                    break


def _close_ended(flood: Flood, selector: selectors.BaseSelector) -> None:
    for key, _ in selector.select(0.02):
        sock = key.fileobj
        assert isinstance(sock, socket.socket)
        with contextlib.suppress(OSError):
            if sock.recv(65536):
                continue
        flood.count("ended")
        selector.unregister(sock)
        sock.close()


def knock(flood: Flood) -> None:
    """A ClientHello, and gone before the answer is read; again and again."""
    hello, orders = client_hello(), flood.orders
    held: list[socket.socket] = []
    for number in itertools.count():
        if flood.over.is_set():
            return
        with contextlib.suppress(OSError):
            sock = flood.connects(number)
            held.append(sock)
            flood.count("connections", orders.full or orders.connections)
            sock.sendall(hello)
        if len(held) >= orders.connections:
            held.pop(0).close()


def client_hello() -> bytes:
    """What an honest client's TLS begins with."""
    context, out = ssl.create_default_context(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    return out.read()


def speak(flood: Flood) -> None:
    """Connections with TLS, perhaps logged in, that say their lines without end."""
    asyncio.run(Speakers(flood).all())


class Speakers:
    """Each is opened anew when the server ends it."""

    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._orders = flood.orders
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._said = "".join(f"{line}\r\n" for line in self._orders.lines).encode()

    async def all(self) -> None:
        speakers = [
            asyncio.create_task(self._again_and_again(number))
            for number in range(self._orders.connections)
        ]
        await asyncio.to_thread(self._flood.over.wait)
        for speaker in speakers:
            speaker.cancel()
        await asyncio.gather(*speakers, return_exceptions=True)

    async def _again_and_again(self, number: int) -> None:
        while True:
            try:
                await self._once(number)
            except (OSError, EOFError):
                self._flood.count("ended")
                await asyncio.sleep(0.01)

    async def _once(self, number: int) -> None:
        orders = self._orders
        sock = await asyncio.to_thread(self._flood.connects, number)
        sock.setblocking(False)
        reader, writer = await asyncio.open_connection(
            sock=sock, ssl=self._context, server_hostname="localhost"
        )
        listener = None
        try:
            if orders.names:
                await self._log_in(reader, writer, orders.names[number % len(orders.names)])
            self._flood.count("connections", orders.full or orders.connections)
            if not orders.deaf:
                listener = asyncio.create_task(self._listen(reader))
            await self._say_all(writer)
        finally:
            if listener is not None:
                listener.cancel()
            writer.transport.abort()

    async def _log_in(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str
    ) -> None:
        chunks = encode_chunks(encode_plain(name, self._orders.password))
        lines = [
            f"CAP REQ :sasl {self._orders.caps}",
            f"NICK {name}",
            f"USER {name} 0 * :{name}",
            "AUTHENTICATE PLAIN",
            *(f"AUTHENTICATE {chunk}" for chunk in chunks),
            "CAP END",
        ]
        writer.write("".join(f"{line}\r\n" for line in lines).encode())
        while (await reader.readuntil(b"\n")).split()[1] not in (b"376", b"422"):
            pass

    async def _say_all(self, writer: asyncio.StreamWriter) -> None:
        step = 1 if self._orders.bytewise else len(self._said)
        while True:
            for place in range(0, len(self._said), step):
                writer.write(self._said[place : place + step])
                await writer.drain()
                await asyncio.sleep(0)
            self._flood.did["lines"] += len(self._orders.lines)
            if self._orders.hangs_up:
                raise EOFError

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65536):
            self._flood.did["bytes heard"] += len(data)


KINDS: dict[str, Callable[[Flood], None]] = {"hold": hold, "knock": knock, "speak": speak}


def main() -> None:
    """Obey orders until there are no more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    while line := sys.stdin.readline():
        did = obey(Flood(Orders(**json.loads(line))))
        gc.collect()  # no connection outlives its flood
        print(json.dumps(did), flush=True)


def obey(flood: Flood) -> Counter[str]:
    """Flood until it is over; what was done."""

    def wait() -> None:
        sys.stdin.readline()
        flood.over.set()

    threading.Thread(target=wait, daemon=True).start()
    KINDS[flood.orders.kind](flood)
    return flood.did


if __name__ == "__main__":
    main()
