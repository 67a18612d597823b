"""CAP: which capabilities there are, and which of them a session has.

What is offered follows from the settings. When these change, whoever has asked for that is told.
https://ircv3.net/specs/extensions/capability-negotiation
"""

from __future__ import annotations

from collections.abc import Iterable

from securechat.core import metadata
from securechat.core.auth import login
from securechat.core.channels import channels
from securechat.core.commands.registry import ALWAYS, command
from securechat.core.model.entities import Session
from securechat.core.model.states import State
from securechat.core.settings import Settings
from securechat.core.text import fill, shorten
from securechat.core.turn import IrcError, Turn
from securechat.irc import capabilities, multiline
from securechat.irc.message import MAX_BODY_BYTES, Message
from securechat.irc.numerics import Numeric

REGISTRATION = "draft/account-registration"


def offered(settings: Settings) -> dict[str, str]:
    """The capabilities by name, in the order of CAP LS, each with what CAP LS 302 tells of it; ''
    for nothing.
    """
    values = {
        "sasl": "PLAIN,EXTERNAL" if settings.external else "PLAIN",
        # No "custom-account-name": the nick is the account's name. The last is a word of our own.
        REGISTRATION: f"before-connect,{capabilities.SHORTEST}={settings.min_password_length}",
        "draft/metadata-3": f"before-connect,max-subs={metadata.MAX_SUBSCRIPTIONS},"
        f"max-keys={metadata.MAX_KEYS},max-key-bytes={metadata.MAX_KEY_BYTES},"
        f"max-value-bytes={metadata.value_bytes(settings.name)}",
        "draft/multiline": f"max-bytes={multiline.MAX_BYTES},max-lines={multiline.MAX_LINES}",
    }
    closed = {REGISTRATION} if settings.registration == "closed" else set()
    return {name: values.get(name, "") for name in capabilities.NAMES if name not in closed}


def tell_changes(turn: Turn, before: Settings) -> None:
    """The settings have changed: what is not offered any more nobody has any more, and those who
    asked to be told of changes are.

    https://ircv3.net/specs/extensions/capability-negotiation#cap-notify
    """
    old, new = offered(before), offered(turn.settings)
    gone = [name for name in old if name not in new]
    come = [name for name in new if name not in old]
    valued = [_with_value(name, new) for name in new if new[name] != old.get(name)]
    lost = sum(capabilities.NAMES[name] for name in gone)
    if not gone and not come and not valued:
        return
    for session in turn.model.here():
        if session.state is State.CLOSED:
            continue
        if session.has(capabilities.CAP_NOTIFY):
            for subcommand, listed in (
                ("DEL", gone),
                ("NEW", valued if session.cap_302 else come),
            ):
                for text in fill(listed, _cap_room(turn, session, subcommand)):
                    _cap_reply(turn, session, subcommand, text)
        if session.has(lost):
            if session.account is not None:
                turn.touch(session.account)
            _set(session, session.caps & ~lost)


def _with_value(name: str, values: dict[str, str]) -> str:
    return f"{name}={values[name]}" if values[name] else name


def _set(session: Session, caps: int) -> None:
    """Have the session's capabilities changed, with all that hangs on them."""
    session.set_caps(caps)
    if not (session.has(capabilities.MULTILINE) and session.has(capabilities.BATCH)):
        # What is open can't be ended any more.
        session.batch = None
    if not metadata.aware(session):
        # Nothing of metadata may be told to who has switched it off.
        session.subscriptions.clear()
    if session.state is State.READY:
        # The next line is encoded by what it knows now.
        session.who.forget_audience()


@command("CAP", usage="LS [302] | LIST | REQ :names | END", min_params=1, states=ALWAYS)
def cap(turn: Turn, session: Session, message: Message) -> None:
    """Negotiate capabilities."""
    subcommand = message.params[0].upper()
    handler = _CAP.get(subcommand)
    if handler is None:
        shown = channels.word(message.params[0])
        raise IrcError(Numeric.ERR_INVALIDCAPCMD, shown, "Invalid CAP command")
    handler(turn, session, message.params[1:])


def _cap_head(turn: Turn, session: Session, subcommand: str) -> str:
    return f":{turn.settings.name} CAP {session.shown_nick} {subcommand} :"


def _cap_room(turn: Turn, session: Session, subcommand: str) -> int:
    """Bytes of names that one line has place for."""
    return MAX_BODY_BYTES - len(_cap_head(turn, session, subcommand).encode())


def _cap_reply(turn: Turn, session: Session, subcommand: str, listed: str) -> None:
    turn.send(session, _cap_head(turn, session, subcommand) + listed)


def _cap_list_reply(turn: Turn, session: Session, subcommand: str, listed: Iterable[str]) -> None:
    """As many lines as it takes, all but the last with a '*'; one line for who doesn't know version
    302, and in it what fits.
    """
    # The longer head, so that any line may be one that is not the last.
    longest = f"{subcommand} *" if session.cap_302 else subcommand
    lines = list(fill(listed, _cap_room(turn, session, longest))) or [""]
    *firsts, last = lines if session.cap_302 else lines[:1]
    for text in firsts:
        _cap_reply(turn, session, f"{subcommand} *", text)
    _cap_reply(turn, session, subcommand, last)


def _cap_ls(turn: Turn, session: Session, params: list[str]) -> None:
    # Anything that is no number is taken for the old form, as other servers do.
    version = int(params[0]) if params and params[0].isdecimal() else 301
    session.cap_302 = session.cap_302 or version >= 302
    if session.cap_302:
        # "cap-notify is implicitly enabled" by version 302.
        session.set_caps(session.caps | capabilities.CAP_NOTIFY)
    if session.state is not State.READY:
        session.attempt.negotiating = True
    values = offered(turn.settings)
    listed = [_with_value(name, values) for name in values] if version >= 302 else values
    _cap_list_reply(turn, session, "LS", listed)


def _cap_list(turn: Turn, session: Session, params: list[str]) -> None:
    _cap_list_reply(turn, session, "LIST", capabilities.names(session.caps))


def _cap_req(turn: Turn, session: Session, params: list[str]) -> None:
    if session.state is not State.READY:
        session.attempt.negotiating = True
    # The colon may be missing where one capability is asked for.
    wanted = " ".join(params).split()
    asked = " ".join(wanted)
    there = offered(turn.settings)
    known = all(name.removeprefix("-") in there for name in wanted)
    change = capabilities.bits(wanted) if known else None
    # What is granted stands whole in the one ACK; what doesn't fit there is not granted.
    room = _cap_room(turn, session, "ACK")
    if change is None or len(asked.encode()) > room:
        _cap_reply(turn, session, "NAK", shorten(asked, room))
        return
    added, removed = change
    if session.cap_302:
        removed &= ~capabilities.CAP_NOTIFY  # can't be switched off with version 302
    _set(session, (session.caps | added) & ~removed)
    # As it was asked, in its order and spelling: clients compare it.
    _cap_reply(turn, session, "ACK", asked)


def _cap_end(turn: Turn, session: Session, params: list[str]) -> None:
    if session.state is State.CHALLENGED:
        # A login that has begun can't be completed after this.
        login.abort(turn, session)
    if session.login is not None:
        session.login.negotiating = False
        login.advance(turn, session)


_CAP = {"LS": _cap_ls, "LIST": _cap_list, "REQ": _cap_req, "END": _cap_end}
