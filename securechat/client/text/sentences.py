"""What happens, in words for people: escaped, in the reader's language, without any style.

Pure; any thread may call. All fronts tell of events by these.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from securechat.client.session.events.answers import InquiryAnswer, NamesAre, PersonIs
from securechat.client.session.events.base import ClientEvent, Info, Problem
from securechat.client.session.events.channels import (
    ChannelRenamed,
    Invited,
    Joined,
    Left,
    Renamed,
    TopicIs,
)
from securechat.client.session.events.connection import Delayed, Lost, Overrun, Ready
from securechat.client.session.events.deliveries import Rejected, Unconfirmed
from securechat.client.session.events.history import SearchPaused
from securechat.client.session.events.messages import Earlier, Reacted, Removed
from securechat.client.session.identity import same
from securechat.client.session.roles import DEFAULT_PREFIXES
from securechat.client.text.answered import answer
from securechat.client.text.refusals import in_words
from securechat.client.timeline.items import Movement
from securechat.common.escape import escape, escape_name, escape_text
from securechat.common.language import _, ngettext, translated
from securechat.common.record import Record

# Names listed of one channel: more would push everything else off the screen.
NAMES_SHOWN: Final = 100

MOVED_SHOWN: Final = 8
"""Names of those who came, and of those who went, in one line."""


class Sentence(Record):
    """One line of words. alert: something went wrong. quoted: the text of ours that it is about."""

    words: str
    alert: bool = False
    quoted: str = ""


def sentences(event: ClientEvent, now: datetime) -> list[Sentence]:
    """What an event is in words; nothing for messages, and for what needs no telling. now: aware,
    in the zone in which times are told.
    """
    match event:
        case Overrun(count):
            return [Sentence(_overrun(count), alert=True)]
        case InquiryAnswer(verdict="FAIL" | "WARN", text=text):
            return [Sentence(_quoted(text), alert=True)]
        case InquiryAnswer(text=text) | Delayed(text):
            return [Sentence(_quoted(text))]
        case Info(text, remote):
            return [Sentence(row) for row in _rows(text, remote)]
        case Problem():
            return [Sentence(row, alert=True) for row in _trouble(event)]
        case Rejected(target, text, reason):
            why = _("not sent to {target}: {reason}: ")
            why = why.format(target=_n(target), reason=_e(translated(reason)))
            return [Sentence(why, alert=True, quoted=_beginning(text))]
        case Unconfirmed(target, text, doubt):
            why = _("to {target}, {doubt}: ")
            why = why.format(target=_n(target), doubt=translated(doubt.value))
            return [Sentence(why, alert=True, quoted=_beginning(text))]
    rows = answer(event, now) or [_timed(event, now) or _note(event)]
    return [Sentence(words) for words in rows if words]


def author(earlier: Earlier, now: datetime) -> str:
    """Whose message, and of when. now: as of sentences()."""
    return f"{_n(earlier.nick)} {_when(earlier, now)}".rstrip()


def is_channel(target: str) -> bool:
    """A channel, or those of some rank in it: @#lobby (STATUSMSG)."""
    return is_whole_channel(target) or target.lstrip(DEFAULT_PREFIXES).startswith("#")


def is_whole_channel(target: str) -> bool:
    """A channel, with all who are in it."""
    return target.startswith("#") or (target.startswith("&") and "#" not in target)


def day_title(day: datetime) -> str:
    """A day, above what was said on it."""
    # Not %A, which speaks the language of the C library.
    weekdays = (
        _("Monday"),
        _("Tuesday"),
        _("Wednesday"),
        _("Thursday"),
        _("Friday"),
        _("Saturday"),
        _("Sunday"),
    )
    return _("{weekday}, {day:%d %B %Y}").format(weekday=weekdays[day.weekday()], day=day)


def moved(item: Movement) -> str:
    """Who came and who went."""
    parts = [
        (_("came: {names}"), item.came),
        (_("went: {names}"), item.went),
        (_("went and came back: {names}"), item.returned),
        (_("came and went: {names}"), item.passed),
    ]
    return "; ".join(text.format(names=_names(names)) for text, names in parts if names)


def place(target: str) -> str:
    """In a channel, or with a person."""
    text = _("in {channel}") if is_channel(target) else _("with {channel}")
    return text.format(channel=_n(target))


def _e(text: str) -> str:
    return escape_text(text)


def _n(name: str) -> str:
    return escape_name(name)


def _names(names: list[str]) -> str:
    shown = ", ".join(map(_n, names[:MOVED_SHOWN]))
    more = len(names) - MOVED_SHOWN
    return shown + (_(" and {more} more").format(more=more) if more > 0 else "")


def _when(earlier: Earlier, now: datetime) -> str:
    """When something was said, beside what is told now."""
    if earlier.time is None:
        return ""
    local = earlier.time.astimezone(now.tzinfo)
    if local.date() == now.date():
        return f"{local:%H:%M}"
    return _("{time:%d %B, %H:%M}").format(time=local)


def _timed(event: ClientEvent, now: datetime) -> str:
    """What is told with a time in it; '' for others."""
    match event:
        case Removed():
            return _removed(event, now)
        case Reacted():
            return _reacted(event, now)
        case SearchPaused():
            return _paused(event, now)
    return ""


def _removed(event: Removed, now: datetime) -> str:
    by, about = _n(event.by), event.about
    reason = f" ({_e(event.reason)})" if event.reason else ""
    rest = _in(event.target) + reason
    if about is None:
        return _("{name} removed a message").format(name=by) + rest
    own = same(about.nick, event.by)
    text = (
        _("{name} removed their own message")
        if own
        else _("{name} removed the message of {author}")
    )
    when = _(" of {time}").format(time=_when(about, now)) if about.time else ""
    return text.format(name=by, author=_n(about.nick)) + when + rest


def _reacted(event: Reacted, now: datetime) -> str:
    text = _("{name} reacts with {reaction}")
    if event.ended:
        text = _("{name} no more reacts with {reaction}")
    about = _(" to {message}").format(message=author(event.about, now)) if event.about else ""
    text = text.format(name=_n(event.nick), reaction=_e(event.reaction))
    return text + about + _in(event.target)


def _paused(event: SearchPaused, now: datetime) -> str:
    text = _(
        "the search took long and has looked only back to {until:%d %B %Y, %H:%M}; /search "
        "more goes on from there"
    )
    if event.newer:
        text = _(
            "the search took long and has looked only up to {until:%d %B %Y, %H:%M}; /search "
            "more goes on from there"
        )
    return text.format(until=event.until.astimezone(now.tzinfo))


def _beginning(text: str) -> str:
    """A text of ours in one row, so that it is known again."""
    first, *rest = text.split("\n")
    more = _(" … (of {count} lines)").format(count=len(rest) + 1) if rest else ""
    return _e(first) + more


def _overrun(count: int) -> str:
    return ngettext(
        "{count} line was not shown, as the terminal stood still; /history has what was said",
        "{count} lines were not shown, as the terminal stood still; /history has what was said",
        count,
    ).format(count=count)


def _in(target: str) -> str:
    """In a channel; nothing of a person."""
    return _(" in {channel}").format(channel=_n(target)) if is_channel(target) else ""


def _quoted(text: str) -> str:
    """The server's words, marked as such; ours for them where we know them."""
    known = translated(text)
    if known == text:  # a numeric has what it is about before its text
        about, space, rest = text.partition(" ")
        known = about + space + translated(rest)
    return _("server: ") + _e(known)


def _trouble(event: Problem) -> list[str]:
    words = in_words(event)
    return [words] if words else _rows(event.text, event.remote)


def _rows(text: str, remote: bool) -> list[str]:
    """The rows of a text: one for the server's words, perhaps several for our own."""
    if remote:  # a second row would begin like a line of ours
        return [_quoted(text)]
    return [escape(row) for row in translated(text).split("\n")]


def _note(event: ClientEvent) -> str:
    match event:
        case Joined(channel, nick, mine):
            text = _("you are in {channel}") if mine else _("{name} joined {channel}")
            return text.format(channel=_n(channel), name=_n(nick))
        case Left():
            return _left(event)
        case TopicIs(channel, topic, by):
            text = _("{name} set the topic of {channel}: ") if by else _("topic of {channel}: ")
            return text.format(name=_n(by or ""), channel=_n(channel)) + _e(topic)
        case NamesAre(channel, names):
            shown = " ".join(map(_n, names[:NAMES_SHOWN]))
            text = _("in {channel} ({count}): ").format(channel=_n(channel), count=len(names))
            more = len(names) - NAMES_SHOWN
            return text + shown + (_(" and {more} more").format(more=more) if more > 0 else "")
        case Ready(nick, again):
            text = _("the connection is back") if again else _("you are logged in as {name}")
            return text.format(name=_n(nick))
        case Lost(reason, seconds):
            text = _("the connection is lost ({reason}); trying again in {seconds:.0f} s")
            if not seconds:
                text = _("the connection is lost ({reason}); trying the server's addresses")
            return text.format(reason=_e(translated(reason)), seconds=seconds)
        case ChannelRenamed(old, new, by, reason):
            text = _("{name} has renamed {old} to {new}")
            why = f" ({_e(reason)})" if reason else ""
            return text.format(name=_n(by), old=_n(old), new=_n(new)) + why
        case Renamed(old, new):
            return _("{old} is now {new}").format(old=_n(old), new=_n(new))
        case Invited(by, channel):
            text = _("{name} invites you to {channel}; enter with /join {channel}")
            return text.format(name=_n(by), channel=_n(channel))
        case PersonIs():
            return _person(event)
    return ""


def _person(event: PersonIs) -> str:
    alias = f" ({_e(event.real_name)})" if event.real_name not in ("", event.nick) else ""
    where = _(" in {channel}").format(channel=_n(event.channel)) if event.channel else ""
    return _n(event.nick) + alias + where + (_(", away") if event.away else "")


def _left(event: Left) -> str:
    who = _n(event.nick)
    # The server puts "Quit: " before every farewell, also before none.
    # Nor is it a reason of a kick that servers put the name there of who gave none.
    nothing = ("", "Quit:", event.by)
    reason = f" ({_e(event.reason)})" if event.reason.strip() not in nothing else ""
    if event.channel is None:
        text = _("you went away") if event.mine else _("{name} went away")
        return text.format(name=who) + reason
    channel = _n(event.channel)
    if event.by and not same(event.by, event.nick):
        text = _("{name} was removed from {channel} by {by}")
        if event.mine:
            text = _("you were removed from {channel} by {by}")
        return text.format(name=who, channel=channel, by=_n(event.by)) + reason
    text = _("you left {channel}") if event.mine else _("{name} left {channel}")
    if event.mine and not event.by:  # who is removed, or has ended it, can't just come again
        reason += _("; /join {channel} goes in again").format(channel=channel)
    return text.format(name=who, channel=channel) + reason
