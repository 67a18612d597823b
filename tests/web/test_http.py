"""Requests of HTTP and what is answered, without sockets."""

from __future__ import annotations

import gzip
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.web.headers import SECURITY, strict_transport_security
from securechat.web.http import (
    HEAD_BYTES,
    HEAD_LINES,
    REQUESTS,
    TARGET_BYTES,
    HttpConnection,
    Rules,
    Stage,
)
from securechat.web.site import static_file

PAGE = static_file(b"<!doctype html>" * 100, b"text/html; charset=utf-8", b"no-cache")
TINY = static_file(b"{}", b"application/json", b"no-store")
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455, section 1.3
UPGRADE: dict[str, Any] = {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec_websocket_version": "13",
    "sec_websocket_key": KEY,
}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def rules(*, hosts: tuple[str, ...] = ()) -> Rules:
    return Rules(
        {"": PAGE, "tiny.json": TINY}.get,
        lambda host: [f"https://{host}", None],
        lambda host: not hosts or host in hosts,
        more=strict_transport_security(2),
    )


def connection(no_room: str = "", **options: tuple[str, ...]) -> HttpConnection:
    return HttpConnection(rules(**options), lambda: no_room, lambda: 0.0)


def request(
    target: str = "/", method: str = "GET", version: str = "1.1", **headers: str | None
) -> bytes:
    """headers: "_" stands for "-"; None for one less than usual."""
    given = {"host": "chat.test", **headers}
    lines = [
        f"{key.replace('_', '-')}: {value}" for key, value in given.items() if value is not None
    ]
    return "\r\n".join([f"{method} {target} HTTP/{version}", *lines, "", ""]).encode("latin-1")


def upgrade(target: str = "/socket", method: str = "GET", **headers: str | None) -> bytes:
    return request(target, method, **{**UPGRADE, **headers})


def answers(data: bytes, *, heads: bool = False) -> list[Answer]:
    """heads: they answer HEAD, and so have no bodies."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        first, *rest = head.decode("ascii").split("\r\n")
        headers = dict(line.split(": ", 1) for line in rest)
        assert len(headers) == len(rest)
        status = int(first.split(" ")[1])
        size = 0 if heads or status == 304 else int(headers.get("content-length", "0"))
        body, data = data[:size], data[size:]
        assert len(body) == size
        found.append(Answer(status, headers, body))
    return found


def asks(data: bytes, http: HttpConnection | None = None) -> Answer:
    """The one answer to one request."""
    (answer,) = answers((http or connection()).receive(data), heads=data.startswith(b"HEAD"))
    return answer


# --- Files ---------------------------------------------------------------------------------------


def test_a_file_is_served_with_what_describes_it() -> None:
    """With a date, as RFC 9110, section 6.6.1, asks of who has a clock."""
    answer = asks(request())
    assert (answer.status, answer.body) == (200, PAGE.body)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["date"] == "Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize("target", ["/?", "/?v=1", "/tiny.json?x=/../y"])
def test_what_stands_behind_a_question_mark_is_nothing(target: str) -> None:
    """Links in mails get such things."""
    assert asks(request(target)).status == 200


@pytest.mark.parametrize(
    "target",
    ["/nothing", "//", "/..", "/../tiny.json", "/%2e%2e/tiny.json", "/socket", "/tiny.json/"],
)
def test_there_are_only_the_files_that_are_known(target: str) -> None:
    """A path is looked up as it stands and is no way in any directory."""
    answer = asks(request(target))
    assert (answer.status, answer.headers["cache-control"]) == (404, "no-store")
    assert "nothing" not in answer.body.decode()


@pytest.mark.parametrize("target", ["/", "/nothing", "/socket"])
def test_head_gets_what_get_gets_without_its_body(target: str) -> None:
    """Errors too (RFC 9110, section 9.3.2)."""
    got, asked = asks(request(target)), asks(request(target, "HEAD"))
    assert asked == got._replace(body=b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get"])
@pytest.mark.parametrize("target", ["/", "/nothing"])
def test_other_methods(method: str, target: str) -> None:
    """405, with those that there are."""
    answer = asks(request(target, method))
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("asked", "packed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br", False),
        ("", False),
    ],
)
def test_gzip(asked: str, packed: bool) -> None:
    """Where it is asked for (RFC 9110, section 12.5.3)."""
    answer = asks(request(accept_encoding=asked))
    assert (answer.headers.get("content-encoding") == "gzip") == packed
    assert (gzip.decompress(answer.body) if packed else answer.body) == PAGE.body


def test_what_is_longer_by_gzip_goes_as_it_is() -> None:
    """So small a file is."""
    assert asks(request("/tiny.json", accept_encoding="gzip")).body == TINY.body


@pytest.mark.parametrize(
    "asked", ["{}", "*", '"x", {}', 'W/"y",{}'], ids=["it", "any", "among", "weak"]
)
def test_what_the_browser_has_is_not_sent_again(asked: str) -> None:
    """304 (RFC 9110, section 13.1.2), and the connection goes on."""
    etag = asks(request()).headers["etag"]
    http = connection()
    answer = asks(request(if_none_match=asked.format(etag)), http)
    assert (answer.status, answer.headers["etag"]) == (304, etag)
    assert answer.headers["cache-control"] == "no-cache"
    assert asks(request(if_none_match='"another"'), http).status == 200


def test_etags_are_weak_as_gzip_has_the_same() -> None:
    """A strong one would say that the bytes are the same (RFC 9110, section 8.8.1)."""
    plain, packed = asks(request()), asks(request(accept_encoding="gzip"))
    assert plain.headers["etag"] == packed.headers["etag"]
    assert plain.headers["etag"].startswith('W/"')


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"NICK a\r\nUSER a 0 * :a\r\n\r\n", 400),
        (b"\x16\x03\x01\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        (b"GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        (request(host=None), 400),
        (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400),
        (request("http://chat.test/"), 400),
        (request("*", "OPTIONS"), 400),
        (request("chat.test:443", "CONNECT"), 400),
        *((request(host=host), 400) for host in ("a b", "a@b", "a/b", "\xff", "a, b")),
        (request(content_length="1"), 413),
        (request(content_length="-1"), 400),
        (request(content_length="1, 2"), 400),
        (request(transfer_encoding="chunked"), 413),
        (request(transfer_encoding="gzip, chunked"), 501),
        (request(content_length="5", transfer_encoding="chunked"), 413),
        (request("/" + "x" * TARGET_BYTES), 414),
        (request(cookie="x" * HEAD_BYTES), 431),
        (b"GET / HTTP/1.1\r\nhost: a\r\n" + b"a:\r\n" * HEAD_LINES + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"a:\r\n" * HEAD_LINES, 431),
        (b"GET / HTTP/1.1\r\ncookie: " + b"x" * 3 * HEAD_BYTES, 431),
        (request(version="2.0"), 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ],
)
def test_what_is_no_request_for_a_file_ends_the_connection(data: bytes, status: int) -> None:
    """Its end isn't known for sure, so nothing behind it is taken for a request (RFC 9112, section
    11.2, request smuggling); and nothing of it comes back.
    """
    http = connection()
    (answer,) = answers(http.receive(data + request()))
    assert answer.status == status
    assert answer.headers["connection"] == "close"
    assert http.stage is Stage.ENDING
    assert http.receive(b"") == http.receive(request()) == b""


@pytest.mark.parametrize("target", ["x" * (TARGET_BYTES + 1), "*"])
def test_such_a_head_request_is_refused_without_a_body(target: str) -> None:
    """It has a method already by which the answer must go."""
    assert asks(request("/" + target if target != "*" else target, "HEAD")).status in (400, 414)


def test_limits_leave_room_for_browsers() -> None:
    """Just below each of them all is well."""
    many = {f"x_{number}": "y" for number in range(HEAD_LINES - 2)}
    assert asks(request("/?" + "x" * (TARGET_BYTES - 2), **many)).status == 200
    assert asks(request(cookie="x" * (HEAD_BYTES - 20))).status == 200


def test_another_host() -> None:
    """Where it matters: a page of another name that leads here is not ours."""
    assert asks(request(), connection(hosts=("127.0.0.1:1",))).status == 421
    assert asks(upgrade(), connection(hosts=("127.0.0.1:1",))).status == 421
    assert asks(request(), connection(hosts=("chat.test",))).status == 200


@pytest.mark.parametrize("length", ["0", "00", "0, 0"])
def test_no_body_may_be_said(length: str) -> None:
    """As some programs do."""
    http = connection()
    assert asks(request(content_length=length), http).status == 200
    assert asks(request(), http).status == 200


def test_every_answer_tells_the_browser_what_is_safe() -> None:
    """Files, what it has, errors of each kind, and the upgrade."""
    every = [
        request(),
        request(if_none_match="*"),
        request("/nothing"),
        request(method="POST"),
        b"NICK a\r\n\r\n",
        request("/" + "x" * TARGET_BYTES),
        request(content_length="1"),
        upgrade(),
        upgrade(origin="https://evil.example"),
        upgrade(sec_websocket_version="8"),
    ]
    wanted = {(key.decode(), value.decode()) for key, value in SECURITY}
    wanted.add(("strict-transport-security", "max-age=172800"))
    statuses = set()
    for data in every:
        answer = asks(data)
        statuses.add(answer.status)
        assert wanted <= set(answer.headers.items())
    assert statuses == {101, 200, 304, 400, 403, 404, 405, 413, 414, 426}


# --- One after the other -------------------------------------------------------------------------


@given(st.data())
def test_requests_are_the_same_in_whatever_pieces(data: st.DataObject) -> None:
    """One answer each, in order, also of those that come together."""
    kinds = {
        200: request(),
        404: request("/nothing"),
        405: request(method="POST"),
        304: request(if_none_match="*"),
    }
    wanted = data.draw(st.lists(st.sampled_from(sorted(kinds)), max_size=5))
    stream = b"".join(kinds[status] for status in wanted)
    http, sent = connection(), b""
    while stream:
        size = data.draw(st.integers(1, 60))
        piece, stream = stream[:size], stream[size:]
        while answer := http.receive(piece):
            sent, piece = sent + answer, b""
    assert [answer.status for answer in answers(sent)] == wanted


def test_a_request_split_at_every_byte() -> None:
    """There is no answer before its last one."""
    whole = request()
    for at in range(1, len(whole)):
        http = connection()
        assert http.receive(whole[:at]) == b""
        assert not http.between
        assert asks(whole[at:], http).status == 200
        assert http.between


def test_one_answer_at_a_time() -> None:
    """Whoever asks for all at once gets one for each call, so that others have their turn."""
    http = connection()
    assert len(answers(http.receive(request() * 3))) == 1
    assert len(answers(http.receive(b""))) == 1
    assert len(answers(http.receive(b""))) == 1
    assert http.receive(b"") == b""
    assert http.answered == 3


def test_a_connection_has_an_end() -> None:
    """After many requests; the last answer says so."""
    http = connection()
    for _ in range(REQUESTS - 1):
        assert "connection" not in asks(request("/nothing"), http).headers
    assert asks(request(), http).headers["connection"] == "close"
    assert http.stage is Stage.ENDING


@pytest.mark.parametrize(("version", "said"), [("1.0", None), ("1.1", "close")])
def test_who_wants_one_answer_gets_one(version: str, said: str | None) -> None:
    """HTTP/1.0, or "Connection: close"."""
    http = connection()
    assert asks(request(version=version, connection=said), http).status == 200
    assert http.stage is Stage.ENDING


# --- WebSockets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/socket", "/", "/socket?x"])
def test_an_upgrade(target: str) -> None:
    """At our page's own path, and at the address alone; what came behind it is kept."""
    http = connection()
    answer = asks(upgrade(target) + b"\x81\x80", http)
    assert answer.status == 101
    assert answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert http.stage is Stage.WEBSOCKET
    assert http.came == b"\x81\x80"
    assert http.receive(b"more") == b""


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (upgrade("/elsewhere"), 404),
        (upgrade(method="POST"), 405),
        (upgrade(method="HEAD"), 405),
        (upgrade(connection="keep-alive"), 426),
        (upgrade(upgrade="h2c"), 426),
        (upgrade(content_length="3"), 413),
        (upgrade().replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
        (upgrade(origin="https://evil.example"), 403),
    ],
)
def test_an_upgrade_that_is_none(data: bytes, status: int) -> None:
    """Nobody talks then."""
    http = connection()
    assert asks(data, http).status == status
    assert http.stage is not Stage.WEBSOCKET


def test_no_room() -> None:
    """503 with a time to wait, and the page can be loaded on."""
    http = connection("all are in use")
    answer = asks(upgrade(), http)
    assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    assert asks(request(), http).status == 200


def test_no_header_of_a_request_gets_into_an_answer() -> None:
    """Of what is asked for only a known subprotocol and the key's hash are said again."""
    for header in ("origin", "host", "sec_websocket_key", "sec_websocket_protocol", "upgrade"):
        for value in ("evil-value", "evil-value\r\n x: y", "evil-value\x0b"):
            assert b"evil" not in connection().receive(upgrade(**{header: value}))
