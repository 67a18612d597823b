"""A hostile server wants a token of its own kept, or one that is kept: by answers that nobody asked
for, by answers that hold something else, at another address.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from securechat.client.commands.login_flow import start
from securechat.client.credentials import device
from securechat.client.credentials.keyrings import Keyring
from securechat.client.credentials.tokens import StoredToken, TokenOwner, Tokens
from securechat.client.person import TerminalPerson
from securechat.client.session.actions import Quit
from securechat.client.session.identity import Login
from securechat.client.trust.authorities import Dialer, Origin, Trust
from tests.client.scripted import PASSWORD as TYPED
from tests.client.scripted import TOKEN, Peer, ScriptedServer
from tests.support.certificates import Authority

Files = tuple[Path, Path]
EVIL_TOKEN = "sct1_" + "E" * 43


UNASKED = [
    f"NOTE TOKEN CREATED laptop {EVIL_TOKEN} :Keep it",
    f"NOTE TOKEN CREATED alice {EVIL_TOKEN} :Keep it",
    f"WARN TOKEN CREATED laptop {EVIL_TOKEN} :Keep it",
    f"NOTE TOKEN ENTRY {EVIL_TOKEN} 2026-01-01T00:00:00Z * :never used",
    "NOTE TOKEN REVOKED laptop :revoked",
    "FAIL TOKEN NO_SUCH_TOKEN laptop :no",
    "NOTE PASSWD CHANGED :changed",
]
OTHER_ANSWERS = [line for line in UNASKED if "CREATED" not in line and "FAIL" not in line]
"""Those that our own question isn't answered with."""


@pytest.mark.parametrize("when", ["in the replay", "online", "before the answer"])
def test_a_token_that_nobody_asked_for_is_not_kept(
    when: str,
    certificate: Files,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is stored is what was made for our own question, and stays until we ask again."""
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
    trust = Trust(authority.pem, Origin.PIN)
    tokens = Tokens(tmp_path / "tokens", Keyring(lambda: None, lambda: None), print)

    def first(peer: Peer) -> None:
        peer.logs_in("alice", *(UNASKED if when == "in the replay" else ()), password=TYPED)
        peer.expects("TOKEN CREATE laptop BIND")
        if when == "before the answer":
            peer.says(*OTHER_ANSWERS)
        peer.says(f"NOTE TOKEN CREATED laptop {TOKEN} :Keep it")
        if when == "online":
            peer.says(*UNASKED)
        peer.quits()

    with ScriptedServer(certificate, first) as server:
        running = start(Login("alice", TYPED), Dialer(server.address, trust))
        owner = TokenOwner(server.address, trust.identity, "alice")
        device.remember(running.client, tokens, owner, TerminalPerson())
        running.client.attach(lambda events: None)
        running.client.submit(Quit())
        running.client.join(20)
    assert tokens.find(owner) == StoredToken("laptop", TOKEN)


@pytest.mark.parametrize(
    "answer",
    [
        "NOTE TOKEN CREATED laptop :Keep it",
        "NOTE TOKEN CREATED laptop not-a-token :Keep it",
        f"NOTE TOKEN CREATED laptop {EVIL_TOKEN} more :Keep it",
        "NOTE TOKEN CREATED laptop sct1_\x1b[2J :Keep it",
        f"NOTE TOKEN CREATED laptop {EVIL_TOKEN}x :Keep it",
        "NOTE TOKEN CREATED laptop ../../etc/passwd :Keep it",
    ],
)
def test_only_a_token_is_kept_as_a_token(
    answer: str,
    certificate: Files,
    authority: Authority,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The server's answer to our own question may be anything."""
    trust = Trust(authority.pem, Origin.PIN)
    tokens = Tokens(tmp_path / "tokens", Keyring(lambda: None, lambda: None), print)

    def first(peer: Peer) -> None:
        peer.logs_in("alice", password=TYPED)
        assert peer.hears().startswith("TOKEN CREATE ")
        peer.says(answer)
        peer.quits()

    with ScriptedServer(certificate, first) as server:
        running = start(Login("alice", TYPED), Dialer(server.address, trust))
        owner = TokenOwner(server.address, trust.identity, "alice")
        device.remember(running.client, tokens, owner, TerminalPerson())
        running.client.attach(lambda events: None)
        running.client.submit(Quit())
        running.client.join(20)
    assert tokens.find(owner) is None
    assert "can't be remembered" in capsys.readouterr().err


def test_a_token_goes_to_the_server_it_is_from(
    certificate: Files, authority: Authority, tmp_path: Path
) -> None:
    """Another port, another host, another CA, another account: there is none for them."""
    tokens = Tokens(tmp_path / "tokens", Keyring(lambda: None, lambda: None), print)
    with ScriptedServer(certificate) as server:
        trust = Trust(authority.pem, Origin.PIN)
        owner = TokenOwner(server.address, trust.identity, "alice")
    tokens.save(owner, StoredToken("laptop", TOKEN))
    host, port = owner.address.host, owner.address.port
    for other in (
        TokenOwner(type(owner.address)(host, port + 1), owner.trust, "alice"),
        TokenOwner(type(owner.address)("127.0.0.1", port), owner.trust, "alice"),
        TokenOwner(owner.address, "system", "alice"),
        TokenOwner(owner.address, "sha256:" + "0" * 64, "alice"),
        TokenOwner(owner.address, owner.trust, "bob"),
    ):
        assert tokens.find(other) is None
    assert tokens.find(owner) == StoredToken("laptop", TOKEN)
