"""The door for those who watch: three pages over HTTP, and nothing else.

    GET /metrics    numbers in Prometheus' text format
    GET /healthz    200 while the server is alive, else 503 with the reason
    GET /readyz     200 while people can log in and talk, else 503 with the reason

It is for programs of this machine, which need no password, so it tells nothing that is a secret or
about a person. A request is read whole, within a time and a size, before any of it is looked at.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn

from securechat.common.threads import NamedThread
from securechat.net.binding import ListenError
from securechat.server.metrics import MetricsCollector, Watched

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Connections: a scraper, a probe or two and a person. Those beyond are closed at once."""

HEAD_BYTES = 4096
"""Of a request: Prometheus and browsers send a few hundred."""

SECONDS = 5.0
"""For a request to come, and again for its answer to be taken."""

FRESH_SECONDS = 1.0
"""Who asks for numbers more often than that gets the same ones: to make them takes milliseconds, in
which the chat has half of the processor.
"""

RETRY_SECONDS = 0.1
"""After a connection that could not be accepted, as when there are no more open files."""

STOP_SECONDS = 0.2

LIKE_LOCALHOST = ("localhost", "")


class MetricsListener(NamedThread):
    """address: where to listen, in numbers. any_host: also answer those who call us by a name, else
    only by an address or `localhost`. failed: called when the thread dies.

    Raises ListenError.
    """

    def __init__(
        self, address: tuple[str, int], any_host: bool, failed: Callable[[BaseException], None]
    ) -> None:
        super().__init__("metrics")
        self._failed = failed
        self.any_host = any_host
        self._text, self._made_at = b"", float("-inf")
        self._lock = threading.Lock()
        try:
            self._server = _Server(address, functools.partial(_Handler, self))
        except OSError as error:
            raise ListenError(
                f"can't listen on {address[0]} port {address[1]} for metrics ({error.strerror}): "
                "choose another address or port in [metrics]"
            ) from error
        self.address: tuple[str, int] = self._server.server_address[:2]  # type: ignore[assignment]

    def serve(self, watched: Watched) -> None:
        """Start. watched: what is told of."""
        self._watched = watched
        self._make = _maker(watched)
        self.start()

    def run(self) -> None:
        """The loop."""
        try:
            self._server.serve_forever(STOP_SECONDS)
        except BaseException as error:
            self._failed(error)

    def close(self) -> None:
        """End it, whether it was started or not. Main thread."""
        if self.alive:
            self._server.shutdown()
        self._server.server_close()

    def page(self, path: str) -> tuple[HTTPStatus, bytes] | None:
        """What is to be told there; None where nothing is. Any thread."""
        if path == "/metrics":
            return HTTPStatus.OK, self._metrics()
        if path == "/healthz":
            return _told(self._watched.illness(), "alive")
        if path == "/readyz":
            return _told(self._watched.hindrance(), "ready")
        return None

    def _metrics(self) -> bytes:
        with self._lock:
            now = time.monotonic()
            if now - self._made_at >= FRESH_SECONDS:
                self._text, self._made_at = self._make(), now
            return self._text


def _maker(watched: Watched) -> Callable[[], bytes]:
    """What makes the text for Prometheus."""
    # Here, as it takes memory and a twentieth of a second, and most servers have no use for it.
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

    # Of our own: the library's common one has what any other package may have put there.
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(MetricsCollector(watched))
    return lambda: generate_latest(registry)


def _told(reason: str, fine: str) -> tuple[HTTPStatus, bytes]:
    status = HTTPStatus.SERVICE_UNAVAILABLE if reason else HTTPStatus.OK
    return status, f"{reason or fine}\n".encode()


class _Server(ThreadingMixIn, TCPServer):
    """A thread for each connection, and few of them."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 16

    def __init__(self, address: tuple[str, int], handler: Callable[..., object]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._places = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, handler)  # type: ignore[arg-type]

    def get_request(self) -> tuple[socket.socket, object]:
        try:
            return super().get_request()
        except OSError:  # the socket stays readable: it would be tried again at once
            time.sleep(RETRY_SECONDS)
            raise

    def process_request(self, request: object, client_address: object) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)  # type: ignore[arg-type]
            return
        try:
            super().process_request(request, client_address)  # type: ignore[arg-type]
        except BaseException:  # no thread could be started
            self._places.release()
            raise

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        log.warning("a request for metrics failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """One request of one connection. The library parses it, out of what has been read already."""

    protocol_version = "HTTP/1.1"

    def __init__(self, listener: MetricsListener, *arguments: object) -> None:
        self._listener = listener
        super().__init__(*arguments)  # type: ignore[arg-type]

    def setup(self) -> None:
        self.connection = self.request
        # Of an own reader the library would take its lines one by one, each with a wait of its own.
        self.rfile = BytesIO(self._head())
        self.wfile = BytesIO()

    def _head(self) -> bytes:
        """Of the request, up to the empty line; b'' if it doesn't come in time."""
        head, end = b"", time.monotonic() + SECONDS
        with suppress(OSError):
            while b"\r\n\r\n" not in head and b"\n\n" not in head:
                left = end - time.monotonic()
                if left <= 0 or len(head) >= HEAD_BYTES:
                    return b""
                self.connection.settimeout(left)
                data = self.connection.recv(HEAD_BYTES - len(head))
                if not data:
                    return b""
                head += data
            return head
        return b""

    def handle(self) -> None:
        self.handle_one_request()  # and no other one

    def finish(self) -> None:
        with suppress(OSError):
            self.connection.settimeout(SECONDS)
            self.connection.sendall(self.wfile.getvalue())  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        """Called by the library."""
        host = self.headers.get("Host", "")
        # A web page may have its own name lead here, and its visitor's browser would let it read
        # what is answered (DNS rebinding). The browser tells that name.
        if not self._listener.any_host and not _is_address(host):
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, b"ask for an address or localhost\n")
            return
        page = self._listener.page(self.path)
        self._answer(*(page or (HTTPStatus.NOT_FOUND, b"/metrics, /healthz, /readyz\n")))

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The library's refusals, without what was asked for in them."""
        status = HTTPStatus(code)
        self._answer(status, f"{status.phrase}\n".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: one comes each few seconds."""


def _is_address(host: str) -> bool:
    """Whether a Host header names this machine by an address or as localhost."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    with suppress(ValueError):
        ipaddress.ip_address(name.strip("[]"))
        return True
    return name.lower() in LIKE_LOCALHOST
