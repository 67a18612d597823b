"""Everybody in one room: WeeChat, irssi, securechat's own client and a script."""

from __future__ import annotations

from pathlib import Path

from tests.strangers.driver import Irssi, Weechat, needs_irssi, needs_weechat, ours, send
from tests.strangers.handbook import commands
from tests.support.house import PASSWORD, House

LOBBY = "irc.team.#lobby"


@needs_weechat
@needs_irssi
def test_all_hear_each_other(wee: Weechat, irs: Irssi, house: House, tmp_path: Path) -> None:
    """What one of them says in the lobby, all the others show."""
    house.add("olga", "sam")
    wee.types(*commands("weechat", house, "wes"))
    wee.shows("Channel #lobby: ", LOBBY)
    irs.types(*commands("irssi", house, "iris"))
    irs.shows("Irssi: #lobby: Total of")
    with ours(tmp_path, house.port, "olga", PASSWORD) as olga:
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

        send(tmp_path, house.port, "sam", PASSWORD, "#lobby", "a script speaks")
        wee.shows("\tsam\ta script speaks", LOBBY)
        irs.shows("< sam> a script speaks")
        olga.shows("<sam> a script speaks")
    assert wee.complaints() == []
    assert irs.complaints() == []
