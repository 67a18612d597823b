"""Everybody in one channel: WeeChat, irssi, securechat's own client and a script."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from tests.foreign_clients.driver import (
    Irssi,
    Log,
    Weechat,
    needs_irssi,
    needs_weechat,
    ours,
    send,
    wait_until,
)
from tests.foreign_clients.handbook import commands
from tests.support.process import add_accounts, serving, write_config
from tests.support.server import PASSWORD, ServerUnderTest

LOBBY = "irc.team.#lobby"


@needs_weechat
@needs_irssi
def test_all_hear_each_other(
    wee: Weechat, irs: Irssi, server: ServerUnderTest, tmp_path: Path
) -> None:
    """What one of them says in the lobby, all the others show."""
    server.add("olga", "sam")
    wee.types(*commands("weechat", server, "wes"))
    wee.shows("Channel #lobby: ", LOBBY)
    irs.types(*commands("irssi", server, "iris"))
    irs.shows("Irssi: #lobby: Total of")
    with ours(tmp_path, server.port, "olga", PASSWORD) as olga:
        olga.shows("you are logged in as olga")

        wee.types("weechat speaks", buffer=LOBBY)
        irs.shows("< wes> weechat speaks")
        olga.shows("<wes> weechat speaks")

        irs.types("/msg #lobby irssi speaks")
        wee.shows("\tiris\tirssi speaks", LOBBY)
        olga.shows("<iris> irssi speaks")

        olga.types("securechat speaks")
        wee.shows("\tolga\tsecurechat speaks", LOBBY)
        irs.shows("< olga> securechat speaks")

        send(tmp_path, server.port, "sam", PASSWORD, "#lobby", "a script speaks")
        wee.shows("\tsam\ta script speaks", LOBBY)
        irs.shows("< sam> a script speaks")
        olga.shows("<sam> a script speaks")
    assert wee.complaints() == []
    assert irs.complaints() == []


LONG = "длинная строка " * 22
"""More bytes than one line of the protocol has."""


def shows_all(log: Log, texts: list[str]) -> None:
    """Waits until a program has shown some texts, in their order or not."""

    def missing() -> list[str]:
        shown = "\n".join(log.lines())
        return [text for text in texts if text not in shown]

    wait_until(lambda: not missing(), lambda: f"{log.file}: {missing()} of {log.lines()}")


@needs_weechat
@needs_irssi
def test_talk_goes_on_after_a_kill_9(wee: Weechat, irs: Irssi, tmp_path: Path) -> None:
    """Cyrillic, emoji, actions, long lines come whole; nothing is lost, and ours doubles none."""
    add_accounts(tmp_path / "server", "wes", "iris", "olga")
    config = write_config(tmp_path / "server.toml")
    wee.types("/set irc.server_default.autoreconnect_delay 1")
    with serving(tmp_path / "server", "--config", config) as server:
        shutil.copy(server.data.tls / "ca.pem", tmp_path)
        wee.types(*commands("weechat", server, "wes"))
        irs.types(*commands("irssi", server, "iris"), "/set server_reconnect_time 1s")
        wee.shows("Channel #lobby: ", LOBBY)
        irs.shows("Irssi: #lobby: Total of")
        irs.types("/window goto #lobby")
        with ours(tmp_path, server.port, "olga", PASSWORD) as olga:
            olga.shows("you are logged in as olga")
            logs = [wee.log(LOBBY), irs.log, olga.log]

            def all_talk(turn: int) -> list[str]:
                speak: dict[str, Callable[[str], None]] = {
                    "wes": lambda text: wee.types(text, buffer=LOBBY),
                    "iris": irs.types,
                    "olga": olga.types,
                }
                said = []
                for name, says in speak.items():
                    ends = [
                        f"{turn} {name} 🦦👩‍👩‍👧",
                        f"машет {turn} {name}",
                        f"конец {turn} {name}",
                    ]
                    says(f"Привет, мир {ends[0]}")
                    says(f"/me {ends[1]}")
                    says(LONG + ends[2])
                    for log in logs:
                        shows_all(log, ends)
                    said += ends
                return said

            first = all_talk(1)
            server.tell(signal.SIGKILL)
            server.ends()
            again = ("--config", config, "--port", server.port)
            with serving(tmp_path / "server", *again):
                wee.shows("reconnecting to server", "irc.server.team")
                wee.shows("SASL authentication successful", "irc.server.team")
                wee.shows("Channel #lobby: ", LOBBY)  # before that it is in no channel
                irs.shows("SASL authentication succeeded")
                olga.shows("the connection is back")
                second = all_talk(2)
            shown = "\n".join(olga.log.lines())
            assert {text: shown.count(text) for text in first + second} == dict.fromkeys(
                first + second, 1
            )
