"""A TLS server that plays dialogues: what it says, and what it expects to hear.

def dialogue(client: Peer) -> None:
    client.logs_in("alice")
    client.expects("PRIVMSG #lobby hello")
    client.echoes("hello")

with ScriptedServer(certificate, dialogue) as server:
    ...
"""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from cryptography import x509

from securechat.client.credentials.device import machine_name
from securechat.client.session.handshake import ESSENTIAL, REGISTRATION, WANTED
from securechat.client.session.identity import Address
from securechat.client.session.labels import CAPABILITY as LABELS
from securechat.client.session.session import SYNC
from securechat.credentials.device import format_token
from securechat.irc.message import KEY_TAG

PATIENCE = 20.0
"""Seconds after which a dialogue that hangs fails; none takes a tenth of it."""

NAME = "irc.test"
PASSWORD = "correct horse battery staple"
TOKEN = format_token(bytes(range(32)))
DEVICE = machine_name(socket.gethostname())
OFFER = " ".join(
    ["sasl=PLAIN,EXTERNAL", *(n for n in WANTED if n not in ("sasl", KEY_TAG, LABELS))]
)
"""Of a server that knows no keys of messages, and no labels."""
assert ESSENTIAL in OFFER

RULES = "before-connect,securechat/min-password=12"
GOOD = "FAIL REGISTER UNACCEPTABLE_PASSWORD alice :The password is empty"
"""Of a server that says how long passwords are: code and name are good."""


class Peer:
    """The server's end of one connection."""

    def __init__(self, tls: ssl.SSLSocket, first: bytes) -> None:
        self._tls = tls
        self._rest = first
        self.nick = ""

    def hears(self) -> str:
        """The next line of the client."""
        while b"\n" not in self._rest:
            data = self._tls.recv(65536)
            assert data, f"the client closed the connection after {self._rest!r}"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.removesuffix(b"\r").decode()

    def expects(self, *lines: str) -> None:
        """The next lines must be these."""
        for line in lines:
            assert self.hears() == line

    def hears_the_end(self) -> None:
        """The client closes the connection, after nothing more than it has sent already."""
        assert self._rest == b""
        assert self._tls.recv(65536) == b""

    def says(self, *lines: str) -> None:
        """Send lines; those without a source get the server's."""
        text = "".join(f"{line if line[:1] in ':@' else f':{NAME} {line}'}\r\n" for line in lines)
        self._tls.sendall(text.encode())

    def says_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._tls.sendall(data)

    def echoes(self, text: str, target: str = "#lobby", tags: str = "") -> None:
        """Confirm a message of the client."""
        head = f"@{tags} " if tags else ""
        self.says(f"{head}:{self.source()} PRIVMSG {target} :{text}")

    def source(self, nick: str = "") -> str:
        """nick!user@host of somebody, the client itself by default."""
        nick = nick or self.nick
        return f"{nick}!{nick}@{NAME}"

    # -- whole passages

    def greets(self, nick: str, offer: str = OFFER) -> list[str]:
        """Up to the CAP ACK; the capabilities that were requested."""
        self.nick = nick
        self.expects("CAP LS 302", f"NICK {nick}", f"USER {nick} 0 * {nick}")
        self.says(f"CAP * LS :{offer}")
        verb, _, wanted = self.hears().partition(" :")
        assert verb == "CAP REQ"
        self.says(f"CAP * ACK :{wanted}")
        return wanted.split()

    def authenticates(self, account: str, password: str = PASSWORD) -> bool:
        """SASL PLAIN up to its payload; whether that is as expected."""
        self.expects("AUTHENTICATE PLAIN")
        self.says("AUTHENTICATE +")
        payload = base64.b64decode(self.hears().removeprefix("AUTHENTICATE "))
        return payload == f"{account}\0{account}\0{password}".encode()

    def welcomes(self, *missed: str, channels: tuple[str, ...] = ("#lobby",)) -> None:
        """900, 903, and from CAP END to the end of the replay."""
        nick = self.nick
        self.says(f"900 {nick} {self.source()} {nick} :You are now logged in as {nick}")
        self.says(f"903 {nick} :SASL authentication successful")
        self.expects("CAP END")
        self.arrives(*missed, channels=channels)

    def arrives(self, *missed: str, channels: tuple[str, ...] = ("#lobby",)) -> None:
        """From 001 to the end of the replay."""
        nick = self.nick
        self.says(f"001 {nick} :Welcome", f"005 {nick} PREFIX=(qov)~@+ CHANTYPES=# :are supported")
        self.says(f"422 {nick} :There is no message of the day")
        for channel in channels:
            self.joins(channel)
        self.says(*missed)
        self.expects(f"PING {SYNC}")
        self.says(f"PONG {NAME} :{SYNC}")

    def joins(self, channel: str, *others: str) -> None:
        """Put the client into a channel."""
        names = " ".join([self.nick, *others])
        self.says(
            f":{self.source()} JOIN {channel} {self.nick} :{self.nick}",
            f"353 {self.nick} = {channel} :{names}",
            f"366 {self.nick} {channel} :End of /NAMES list",
        )

    def logs_in(
        self,
        nick: str,
        *missed: str,
        channels: tuple[str, ...] = ("#lobby",),
        password: str = PASSWORD,
    ) -> None:
        """A whole login with the right password, or with what stands in for it."""
        self.greets(nick)
        assert self.authenticates(nick, password)
        self.welcomes(*missed, channels=channels)

    def refuses(self, nick: str, *lines: str, password: str = PASSWORD) -> None:
        """A login with this password, which is answered so."""
        self.greets(nick)
        assert self.authenticates(nick, password)
        self.says(*lines)
        self.expects("QUIT")

    def is_asked(self, nick: str, code: str, *answers: str) -> None:
        """A registration without a password, which asks whether the rest is good; without answers
        the server is one that doesn't say, and isn't asked.
        """
        self.greets(nick, f"{OFFER} {REGISTRATION}={RULES if answers else 'before-connect'}")
        if answers:
            self.expects(f"REGISTER * {code} :")
            self.says(*answers)
        self.expects("QUIT")

    def remembers(self, name: str = DEVICE, token: str = TOKEN) -> None:
        """The client asks for a token in the place of its password, and gets it."""
        self.makes(f"{name} BIND", name, token)

    def makes(self, asked: str, name: str, token: str) -> None:
        """The client asks for a token, and gets it."""
        self.expects(f"TOKEN CREATE {asked}")
        self.says(f"NOTE TOKEN CREATED {name} {token} :Keep it, it is shown this once")

    def quits(self) -> None:
        """The client says goodbye."""
        assert self.hears().startswith("QUIT")
        self.says("ERROR :Closing link")


Dialogue = Callable[[Peer], None]


def registers(client: Peer, name: str, code: str, password: str = PASSWORD) -> None:
    """A whole registration that succeeds."""
    client.greets(name, f"{OFFER} {REGISTRATION}=before-connect")
    client.expects(f"REGISTER * {code} :{password}")
    client.says(f"REGISTER SUCCESS {name} :Account registered. Welcome!")
    client.says(f"900 {name} {client.source()} {name} :You are now logged in as {name}")
    client.expects("CAP END")
    client.arrives()


def common_name(der: bytes) -> str:
    """The name that a certificate is for."""
    return x509.load_der_x509_certificate(der).subject.rfc4514_string()


class ScriptedServer:
    """Plays one dialogue for each connection that says something, in their order.

    files: the server's certificate and its key. looks: how many connections shook hands and said
    nothing. refusals: how many handshakes the client broke off. client_ca: asks for a client
    certificate of this CA; names: those in the certificates that were shown.
    """

    def __init__(
        self, files: tuple[Path, Path], *dialogues: Dialogue, client_ca: str | None = None
    ) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*files)
        if client_ca:
            self._context.load_verify_locations(cadata=client_ca)
            self._context.verify_mode = ssl.CERT_OPTIONAL
        self._dialogues = list(dialogues)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address("localhost", self._listener.getsockname()[1])
        self.looks = 0
        self.refusals = 0
        self.names: list[str] = []
        self.done = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        if not dialogues:
            self.done.set()

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        finished = kind is not None or self.done.wait(PATIENCE)
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._listener.close()
        if self._error is not None:
            raise self._error
        assert finished, f"{len(self._dialogues)} dialogues were not played to their end"

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            try:
                self._receive(raw)
            except (AssertionError, OSError) as error:
                self._error = self._error or error
                self.done.set()

    def _receive(self, raw: socket.socket) -> None:
        raw.settimeout(PATIENCE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            tls = self._context.wrap_socket(raw, server_side=True)
        except (ssl.SSLError, ConnectionError):
            self.refusals += 1
            raw.close()
            return
        with tls:
            try:
                first = tls.recv(65536)
            except ConnectionError:  # it went with our session tickets unread: no refusal, but a
                first = b""  # reset, if they were there before it closed
            except ssl.SSLError:  # an alert, which may arrive only here
                self.refusals += 1
                return
            if not first:
                self.looks += 1
                return
            if shown := tls.getpeercert(binary_form=True):
                self.names.append(common_name(shown))
            assert self._dialogues, f"one connection too many, which says {first!r}"
            self._dialogues[0](Peer(tls, first))
            del self._dialogues[0]
            with contextlib.suppress(OSError):
                tls.unwrap()
        if not self._dialogues:
            self.done.set()
