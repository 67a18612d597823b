"""What the server tells people, in their language: as it says it today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import securechat
from securechat.core.auth import places
from securechat.core.auth.texts import FACTOR_NEXT
from securechat.core.history import policy
from securechat.core.model.entities import Account, Channel
from securechat.core.model.login_places import Place
from securechat.core.presence.arrivals import UNREADABLE
from securechat.core.settings import Settings
from securechat.server import storage_health
from tests.web.page.conftest import Run

SOURCE = Path(securechat.__file__).parent

OWNER = Account(1, "alice", "alice", "alice")
AT_MS = 1_700_000_000_000


def translated(run: Run, language: str, *texts: str) -> list[str]:
    code = "await it.setLanguage(given[0]); return Promise.all(given[1].map(it.told))"
    found: list[str] = run(code, "text/index", given=[language, texts])
    return found


def login(where: str, how: str = "", *, account: int = OWNER.id) -> str:
    return places.text(OWNER, Place(account, "root", where, how, AT_MS))


@pytest.mark.parametrize("days", [None, 1, 3, 30])
def test_what_is_kept_is_in_ones_language(run: Run, days: int | None) -> None:
    """What isn't known stays as it is."""
    settings = Settings("chat.test", "1", 0, keep_days=days or 0)
    room = Channel(1, "#lab", "#lab", "#lab", None, 0)
    sentences = [policy.text(settings, room), policy.everywhere(settings)]
    sentences += [policy.between_two(settings), "Another sentence"]
    in_room, here, two, other = translated(run, "ru", *sentences)
    assert in_room.startswith("Сказанное в #lab хранится на сервере")
    assert here.startswith("Сказанное здесь хранится на сервере")
    assert two.startswith("Сказанное друг другу хранится на сервере")
    assert all(days is None or f" {days} д" in text for text in (in_room, here, two))
    assert other == "Another sentence"
    room.modes = "H"
    assert "новые участники" in translated(run, "ru", policy.text(settings, room))[0]


def test_a_login_from_a_new_place_names_the_way_of_the_page(run: Run) -> None:
    logins = [("192.0.2.0/24", "password"), ("192.0.2.0/24 (token web)", ""), ("192.0.2.7", "")]
    texts = [login(*one) for one in logins] + [login("192.0.2.7", "password and code", account=2)]
    for language, own, words in (
        ("en", "Settings, Devices and password", ("(password)", "(device web)", "and code")),
        ("ru", "Настройки, Устройства и пароль", ("(пароль)", "(устройство web)", "и код")),
    ):
        *mine, other = translated(run, language, *texts)
        assert all(own in text and "2023" in text and "passwd" not in text for text in mine)
        assert words[0] in mine[0]
        assert words[1] in mine[1]
        assert words[2] in other
        assert "{" not in "".join(mine) + other


NOTICES = [
    FACTOR_NEXT,
    UNREADABLE,
    storage_health.FAILING.format(problem="the disk is full"),
    storage_health.SHORT.format(problem="the disk is full"),
    storage_health.MENDED,
    storage_health.DAMAGED,
    "You missed more messages than these; they are the newest of them",
    "You were kicked from #lab by bob on 2023-11-14 22:13 UTC: noise",
    "You were kicked from #lab by bob on 2023-11-14 22:13 UTC",
    "The administrator has changed your name from alice to anna",
    "Reported to whoever runs this server; bob isn't told",
    "Report 7: alice about bob: noise",
    "Report 7: alice about bob in #lab: noise",
    "1 report is open: `securechat-admin reports` shows them",
    "3 reports are open: `securechat-admin reports` shows them",
    "#lab is dropped",
]


def test_all_other_notices_are_in_ones_language(run: Run) -> None:
    for before, now in zip(NOTICES, translated(run, "ru", *NOTICES), strict=True):
        assert re.search("[а-я]{4}", now), before
        assert "{" not in now
        assert "undefined" not in now


def test_these_are_the_notices_of_today() -> None:
    """Their fixed words stand in the source of the server."""
    source = "".join(path.read_text(encoding="utf-8") for path in (SOURCE / "core").rglob("*.py"))
    source = source.replace('"\n    "', "")
    for words in (
        *(
            "You missed more messages than these",
            "You were kicked from {kick.name} by {kick.by} on ",
        ),
        "The administrator has changed your name from {before} to {account.name}",
        *("Reported to whoever runs this server; ", "Report {made.id}: {made.by} about {made.of}"),
        *("report is open: `", "reports are open: `", "{channel.name} is dropped"),
    ):
        assert words in source


def test_each_is_there_in_both_languages_with_the_same_values(run: Run) -> None:
    rows = run("return it.TOLD.map(([, ours]) => ours)", "text/told")
    for ours in rows:
        if ours != "told.factor":
            assert ours.keys() == {"en", "ru"}
            english, russian = (set(re.findall(r"\{\w+\}", text)) for text in ours.values())
            assert english == russian
