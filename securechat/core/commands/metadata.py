"""METADATA: see core.metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from securechat.core import metadata, quota
from securechat.core.channels import channels
from securechat.core.commands.registry import ALWAYS, LOOKED_AT_ONCE, command
from securechat.core.delivery.batches import nothing_found, send_batch
from securechat.core.delivery.labels import Tagged
from securechat.core.delivery.line import BareLine
from securechat.core.model.answers import Parts
from securechat.core.model.entities import Account, Channel, Session
from securechat.core.model.states import State
from securechat.core.text import fill
from securechat.core.turn import IrcError, Turn
from securechat.irc.capabilities import BATCH
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric

EVERYTHING = "*ALL"

Target = Account | Channel | None
"""None: of the session itself, before its login is complete."""


class _Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """Answered by a FAIL. params: the code, its context, the text."""

    def __init__(self, *params: str) -> None:
        super().__init__(params[0])
        self.params = params


@command(
    "METADATA",
    usage="<target | *> GET <key>... | LIST | SET <key> [:<value>] | CLEAR | SUB <key>... | "
    "UNSUB <key>... | SUBS | SYNC",
    states=ALWAYS,
)
def metadata_(turn: Turn, session: Session, message: Message) -> Parts | None:
    """Show or set what people tell of themselves and of channels, by keys."""
    if session.state is not State.READY and not metadata.aware(session):
        # As a server without it: senpai asks before it has read the list of capabilities, and shows
        # every other refusal as an error.
        text = "Unknown command before the login, without draft/metadata-3 and batch"
        raise IrcError(Numeric.ERR_UNKNOWNCOMMAND, "METADATA", text)
    try:
        return _run(turn, session, message.params)
    except _Refused as refused:
        turn.standard_reply(session, "FAIL", "METADATA", *refused.params)
        return None


def _run(turn: Turn, session: Session, params: list[str]) -> Parts | None:
    # Filled up, so that what is missing is told by the same path as what is wrong.
    target, verb, *words = (*params, "*", "*")[: max(2, len(params))]
    handler, least, most = _VERBS.get(verb.upper(), (None, 0, 0))
    if handler is None:
        raise _Refused("INVALID_PARAMS", channels.word(verb), "No such subcommand")
    if not least <= len(words) <= most:
        raise _Refused("INVALID_PARAMS", verb, "Not so many parameters")
    return handler(turn, session, target, words)


def _find(turn: Turn, session: Session, name: str) -> Target:
    if session.state is not State.READY:
        # Before the login only oneself is there: no name may be asked about.
        if name != "*":
            raise _no_target(name)
        return None
    found = session.who if name == "*" else metadata.readable(turn, session, name)
    if found is None:
        raise _no_target(name)
    return found


def _no_target(name: str) -> _Refused:
    return _Refused("INVALID_TARGET", channels.word(name), "Nothing of that name")


def _name(session: Session, target: Target) -> str:
    """As answers show it."""
    return "*" if target is None else target.name


def _keys(session: Session, target: Target) -> dict[str, str]:
    if target is not None:
        return metadata.keys_of(target)
    return {key: value for key, value in session.early_metadata.items() if value}


def _get(turn: Turn, session: Session, name: str, words: list[str]) -> None:
    target = _find(turn, session, name)
    keys, shown = _keys(session, target), _name(session, target)
    lines = [
        metadata.shown(turn, session, shown, key, keys.get(key))
        if metadata.is_key(key)
        else _warning(turn, key)
        for key in words
    ]
    _answer(turn, session, f"metadata {shown}", lines)


def _answer(turn: Turn, session: Session, kind: str, texts: list[str]) -> None:
    """In a batch; METADATA may also be typed by hand, where the client knows no batches."""
    send_batch(turn, session, kind, texts)
    if not texts and not session.has(BATCH):
        turn.send_line(session, nothing_found(turn, "METADATA"))


def _warning(turn: Turn, key: str) -> str:
    return f":{turn.settings.name} WARN METADATA INVALID_KEY {channels.word(key)} :Invalid key"


def _list(turn: Turn, session: Session, name: str, words: list[str]) -> None:
    target = _find(turn, session, name)
    shown = _name(session, target)
    lines = [
        metadata.shown(turn, session, shown, key, value)
        for key, value in _keys(session, target).items()
    ]
    _answer(turn, session, f"metadata {shown}", lines)


def _set(turn: Turn, session: Session, name: str, words: list[str]) -> None:
    key, value = words[0], words[1] if len(words) > 1 else ""
    target = _find(turn, session, name)
    if not metadata.is_key(key):
        raise _Refused("INVALID_KEY", channels.word(key), "Invalid key")
    # Before the value is looked at, so that who may not learns only that.
    _check_may_set(session, target, key)
    if len(value.encode()) > metadata.value_bytes(turn.settings.name):
        raise _Refused("INVALID_VALUE", key, "The value is too long")
    keys = _keys(session, target)
    # Changing or removing one is possible at the limit too.
    if value and key not in keys and len(keys) >= metadata.MAX_KEYS:
        limit = str(metadata.MAX_KEYS)
        raise _Refused("LIMIT_REACHED", "SET", _name(session, target), limit, "Too many keys")
    if target is None:
        _set_early(session, key, value)
    # What changes nothing is neither stored nor told.
    elif keys.get(key, "") != value:
        _store(turn, session, target, {**keys, key: value})
    line = metadata.shown(turn, session, _name(session, target), key, value or None)
    turn.send(session, line)


def _check_may_set(session: Session, target: Target, key: str) -> None:
    if target is None or target is session.who:
        return
    if not (isinstance(target, Channel) and target.runs(session.who)):
        text = "You may set this of yourself, and of channels that you operate"
        raise _Refused("KEY_NO_PERMISSION", target.name, key, text)


def _set_early(session: Session, key: str, value: str) -> None:
    early = session.early_metadata
    if key not in early and len(early) >= metadata.MAX_KEYS:  # it may hold removed ones too
        limit = str(metadata.MAX_KEYS)
        raise _Refused("LIMIT_REACHED", "SET", "*", limit, "Too many keys before the login")
    early[key] = value


def _store(turn: Turn, session: Session, target: Account | Channel, keys: dict[str, str]) -> None:
    """Store what has changed, and tell it. keys: all of them, '' for one that is removed."""
    before = metadata.keys_of(target)
    left = {key: value for key, value in keys.items() if value}
    # Taking something away must be possible when there is no room left.
    if len(left) >= len(before):
        quota.check(turn, session.who, "METADATA")
    metadata.store(turn, target, left)
    for key in {**before, **keys}:
        if before.get(key) != left.get(key):
            metadata.tell_change(turn, session, target, key, left.get(key))


def _clear(turn: Turn, session: Session, name: str, words: list[str]) -> None:
    target = _find(turn, session, name)
    _check_may_set(session, target, "*")
    keys, shown = _keys(session, target), _name(session, target)
    if target is None:
        session.early_metadata.clear()
    elif keys:
        _store(turn, session, target, {})
    lines = [metadata.shown(turn, session, shown, key, None) for key in keys]
    _answer(turn, session, f"metadata {shown}", lines)


def _own(turn: Turn, session: Session, name: str) -> None:
    """Subscriptions are one's own."""
    if _find(turn, session, name) not in (None, session.account):
        raise _Refused("INVALID_TARGET", channels.word(name), "Subscriptions are your own; say *")


def _subscribe(turn: Turn, session: Session, name: str, words: list[str]) -> None:
    _own(turn, session, name)
    taken: dict[str, None] = {}
    before = len(session.subscriptions)
    wrong, full = [], ""
    for key in words:
        if not metadata.is_key(key):
            wrong.append(key)
        elif key in session.subscriptions or len(session.subscriptions) < _MOST:
            taken[key] = session.subscriptions[key] = None
        else:
            full = key
            break
    _confirm(turn, session, Numeric.RPL_METADATASUBOK, taken, wrong)
    if full:
        params = ("LIMIT_REACHED", "SUB", full, str(_MOST), "Too many subscriptions")
        turn.standard_reply(session, "FAIL", "METADATA", *params)
    # Told to ask by SYNC, as the values of all keys at once could be many.
    if len(session.subscriptions) > before and session.state is State.READY:
        metadata.tell_later(turn, session, EVERYTHING)


_MOST = metadata.MAX_SUBSCRIPTIONS


def _unsubscribe(turn: Turn, session: Session, name: str, words: list[str]) -> None:
    _own(turn, session, name)
    valid = dict.fromkeys(key for key in words if metadata.is_key(key))
    for key in valid:
        session.subscriptions.pop(key, None)
    wrong = [key for key in words if not metadata.is_key(key)]
    _confirm(turn, session, Numeric.RPL_METADATAUNSUBOK, valid, wrong)


def _confirm(
    turn: Turn, session: Session, numeric: Numeric, keys: Iterable[str], wrong: Iterable[str]
) -> None:
    for text in fill(keys):
        turn.send(session, f":{turn.settings.name} {numeric} {session.shown_nick} {text}")
    for key in wrong:
        turn.send(session, _warning(turn, key))


def _subscriptions(turn: Turn, session: Session, name: str, words: list[str]) -> None:
    _own(turn, session, name)
    head = f":{turn.settings.name} {Numeric.RPL_METADATASUBS} {session.shown_nick}"
    _answer(turn, session, "metadata-subs", [f"{head} {t}" for t in fill(session.subscriptions)])


def _sync(turn: Turn, session: Session, name: str, words: list[str]) -> Parts:
    if session.state is not State.READY:
        raise _no_target(name)
    if name == EVERYTHING:
        return _synced(turn, session, name, _everything(turn, session))
    target = _find(turn, session, name)
    if target is None or isinstance(target, Account):
        return _synced(turn, session, _name(session, target), [target] if target else [])
    # The channel's own metadata is for who may see it; those of its members are for members.
    if session.who not in target.members:
        return _synced(turn, session, target.name, [target])
    return _synced(turn, session, target.name, [target, *target.seen])


def _everything(turn: Turn, session: Session) -> list[Account | Channel]:
    """All that it would be told changes of."""
    found: dict[Account | Channel, None] = {}
    for channel in session.who.channels:
        found[channel] = None
        found.update(dict.fromkeys(channel.seen))
    for folded in session.monitored:
        account = turn.model.by_name.get(folded)
        if account is not None and account.usable:
            found[account] = None
    return list(found)


def _synced(turn: Turn, session: Session, name: str, things: list[Account | Channel]) -> Parts:
    server, batched, empty = turn.settings.name, session.has(BATCH), True
    if batched:
        yield BareLine(f":{server} BATCH +metadata metadata {name}")
    # By pieces, with others between: a member of many channels sees thousands of accounts.
    for at in range(0, len(things), LOOKED_AT_ONCE):
        for text in metadata.synced(turn, session, things[at : at + LOOKED_AT_ONCE]):
            empty, line = False, BareLine(text)
            yield Tagged(line, "batch=metadata") if batched else line
        yield None
    if batched:
        yield BareLine(f":{server} BATCH -metadata")
    elif empty:
        yield nothing_found(turn, "METADATA")


_Handler = Callable[[Turn, Session, str, list[str]], Parts | None]
_ANY = 1000

_VERBS: dict[str, tuple[_Handler, int, int]] = {
    "GET": (_get, 1, _ANY),
    "LIST": (_list, 0, 0),
    "SET": (_set, 1, 2),
    "CLEAR": (_clear, 0, 0),
    "SUB": (_subscribe, 1, _ANY),
    "UNSUB": (_unsubscribe, 1, _ANY),
    "SUBS": (_subscriptions, 0, 0),
    "SYNC": (_sync, 0, 0),
}
"""With the fewest and the most parameters of each."""
