"""/history and /search: what was said before."""

from __future__ import annotations

from securechat.client.screens.commands.registry import Group, command_of, usage
from securechat.client.screens.composer import (
    CHANNEL_SIGN,
    NOWHERE,
    Composed,
    Composer,
    target_problem,
)
from securechat.client.session.actions import AskMore, AskPage, AskSearch, ServerCommand
from securechat.client.session.events.base import Info, Problem
from securechat.client.session.moments import moment
from securechat.common.language import _

command = command_of(Group.BEFORE)

PAGE = 20
"""Messages of a page of history: a terminal of 24 rows has them all on it."""

MOST = 1000
"""Of one; servers give fewer at once."""


@command(
    "/history [N]",
    f"show what was said before, {PAGE} messages or N; again: older",
    further=(
        ("/history policy [#CHANNEL]", "tell what is kept here, how long, and who may read it"),
    ),
)
def _history(composer: Composer, rest: str) -> Composed:
    word, _, more = rest.partition(" ")
    if word.lower() == "policy":
        return _policy(composer, more.strip())
    if not composer.target:
        return [Problem(NOWHERE, remote=False)]
    if not word:
        return [AskPage(composer.target, PAGE)]
    if not (word.isascii() and word.isdecimal() and 1 <= int(word[:9]) <= MOST) or more:
        return [Problem(f"expected a number from 1 to {MOST}, or `policy`: /history 50", False)]
    return [AskPage(composer.target, int(word))]


def _policy(composer: Composer, rest: str) -> Composed:
    channel = rest.partition(" ")[0] or composer.target
    if not channel:
        return [Problem(NOWHERE, remote=False)]
    if problem := target_problem(channel):
        return [problem]
    params = (channel,) if channel.startswith(CHANNEL_SIGN) else ()
    text = _("what is kept of {channel}, as the server tells (whoever runs it can read it, too):")
    if not params:
        text = _(
            "what is kept of your talk with {channel}, as the server tells (whoever runs it can "
            "read it, too):"
        )
    return [Info(text.format(channel=channel), remote=False), ServerCommand("POLICY", params)]


@command(
    "/search WORDS",
    "find what was said, by words or their beginnings",
    further=(
        ("/search … in:#CHANNEL from:NAME", "only there (or with a person), only theirs"),
        ("/search … after:DATE before:DATE", "from or until then: 2026-01-31, 2026-01-31T15:30"),
        ("/search more", "look for more of it"),
    ),
)
def _search(_composer: Composer, rest: str) -> Composed:
    if rest == "more":
        return [AskMore()]
    words: list[str] = []
    fields: dict[str, str] = {}
    for word in rest.split():
        name, colon, value = word.partition(":")
        if not colon or name.lower() not in ("in", "from", "after", "before"):
            words.append(word)
        elif not value or name.lower() in fields:
            return [Problem(f"expected {name}: once, and something behind it", remote=False)]
        else:
            fields[name.lower()] = value
    if not rest:
        return usage("search")
    after, before = (moment(fields.get(name, "")) for name in ("after", "before"))
    if after is None or before is None:
        text = "expected dates as 2026-01-31, or with a time as 2026-01-31T15:30"
        return [Problem(text, remote=False)]
    place, sender = fields.get("in", ""), fields.get("from", "")
    return [AskSearch(" ".join(words), place, sender, after, before, rest)]


@command(
    "/jump DATE",
    "go to a day or a time, on the full screen: 2026-01-31, yesterday, Monday, 10:30",
    example="/jump yesterday 10:30",
)
def _jump(_composer: Composer, _rest: str) -> Composed:
    text = _("only the full screen can go to a day; here /history shows what was said before")
    return [Info(text, remote=False)]
