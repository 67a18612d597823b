"""Keys and values that people give to themselves and to channels, and who is told of them.

https://github.com/ircv3/ircv3-specifications/pull/613 (draft/metadata-3). Hub thread only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from securechat.core.delivery.batches import send_batch
from securechat.core.journal.events.accounts import AccountMetadataSet
from securechat.core.journal.events.channels import ChannelMetadataSet
from securechat.core.model.entities import Account, Channel, Session
from securechat.core.turn import Turn
from securechat.irc.capabilities import BATCH, METADATA_3
from securechat.irc.message import MAX_BODY_BYTES
from securechat.irc.names import MAX_ACCOUNT_BYTES, MAX_CHANNEL_BYTES
from securechat.irc.numerics import Numeric

MAX_KEYS = 20
"""Of an account or a channel: as many as there are registered ones, and some of one's own."""

MAX_KEY_BYTES = 32

MAX_SUBSCRIPTIONS = 50
"""Of a session: more than any client shows."""

MOST_SYNCED = 200
"""Members whose metadata a JOIN brings at once; of a larger channel a client asks later."""

# The specification's characters; a colon in front would begin a trailing parameter.
_KEY = re.compile(r"[a-z0-9_./-]{1,32}")


def value_bytes(server: str) -> int:
    """Of a value: what the longest names leave of the line that tells it. server: its name."""
    nick, target = "n" * MAX_ACCOUNT_BYTES, "#" * MAX_CHANNEL_BYTES
    return MAX_BODY_BYTES - len(f":{server} 761 {nick} {target} {'k' * MAX_KEY_BYTES} * :")


def is_key(text: str) -> bool:
    """Whether a text can be a key."""
    return bool(_KEY.fullmatch(text))


def aware(session: Session) -> bool:
    """Whether its client knows of metadata."""
    return session.has(METADATA_3) and session.has(BATCH)


def keys_of(thing: Account | Channel) -> dict[str, str]:
    """What is set on an account or a channel."""
    return json.loads(thing.metadata) if thing.metadata else {}


def store(turn: Turn, thing: Account | Channel, keys: Mapping[str, str]) -> None:
    """Set all of its keys anew."""
    # '' for none, so that most accounts have nothing to parse.
    text = json.dumps(dict(keys), ensure_ascii=False, separators=(",", ":")) if keys else ""
    if isinstance(thing, Account):
        turn.record(AccountMetadataSet(text, thing.id))
    else:
        turn.record(ChannelMetadataSet(text, thing.id))


def shown(turn: Turn, session: Session, target: str, key: str, value: str | None) -> str:
    """The line that tells the value of a key; None for one that is not set."""
    head = f":{turn.settings.name} "
    if value is None:
        return head + f"{Numeric.RPL_KEYNOTSET} {session.shown_nick} {target} {key} :Key not set"
    return head + f"{Numeric.RPL_KEYVALUE} {session.shown_nick} {target} {key} * :{value}"


def tell_change(
    turn: Turn, session: Session | None, thing: Account | Channel, key: str, value: str | None
) -> None:
    """To all who have subscribed to the key and see the target, but to the session that did it;
    None for an administrator.
    """
    for other in _watchers(turn, thing):
        if other is not session and key in other.subscriptions:
            turn.send(other, shown(turn, other, thing.name, key, value))


def _watchers(turn: Turn, thing: Account | Channel) -> Iterable[Session]:
    if isinstance(thing, Channel):
        return thing.audience().sessions
    # A dict, as each is told once, whatever they share with the account.
    found = dict.fromkeys(thing.sessions)
    for channel in thing.channels:
        found.update(dict.fromkeys(channel.audience().sessions))
    # Who follows it by MONITOR counts as seeing it, as the specification has it.
    found.update(turn.model.monitors.get(thing.folded, {}))
    return found


def synced(turn: Turn, session: Session, things: Iterable[Account | Channel]) -> Iterator[str]:
    """The lines of what the session has subscribed to."""
    for thing in things:
        if thing.metadata:
            for key, value in keys_of(thing).items():
                if key in session.subscriptions:
                    yield shown(turn, session, thing.name, key, value)


def show_channel(turn: Turn, session: Session, channel: Channel) -> None:
    """To who has come into a channel: its metadata, and that of those who are there."""
    if not aware(session):
        return
    if len(channel.present) > MOST_SYNCED:
        tell_later(turn, session, channel.name)
        return
    lines = synced(turn, session, [channel, *channel.seen])
    send_batch(turn, session, f"metadata {channel.name}", lines)


def tell_later(turn: Turn, session: Session, target: str) -> None:
    """That a SYNC will give what there is; at once, for who can wait for its answer."""
    later = Numeric.ERR_METADATASYNCLATER
    turn.numeric(session, later, target, "0", "Ask for it with METADATA SYNC")


def show_own(turn: Turn, session: Session) -> None:
    """In the welcome: all that is set on the account, and what this session is about to set."""
    if not aware(session):
        return
    account = session.who
    lines = [
        shown(turn, session, account.name, key, value)
        for key, value in with_early(session, keys_of(account)).items()
    ]
    send_batch(turn, session, f"metadata {account.name}", lines)


def with_early(session: Session, keys: dict[str, str]) -> dict[str, str]:
    """An account's keys, as they are with what the session has set before its login."""
    for key, value in session.early_metadata.items():
        if not value:
            keys.pop(key, None)
        # The account may have got its keys since by another device.
        elif key in keys or len(keys) < MAX_KEYS:
            keys[key] = value
    return keys


def store_early(turn: Turn, session: Session) -> None:
    """What was set before the login is the account's from now on."""
    if not session.early_metadata:
        return
    account = session.who
    before, keys = keys_of(account), with_early(session, keys_of(account))
    session.early_metadata.clear()
    # Where nothing can be stored it is dropped, as the login must go on.
    if keys == before or turn.model.no_space:
        return
    store(turn, account, keys)
    for key in before.keys() | keys.keys():
        if before.get(key) != keys.get(key):
            tell_change(turn, session, account, key, keys.get(key))


def _may_read(channel: Channel, account: Account) -> bool:
    """A channel that isn't open to everybody shows what it has to its members."""
    closed = channel.key is not None or not {"s", "i"}.isdisjoint(channel.modes)
    return not closed or account in channel.members or account.admin


def readable(turn: Turn, session: Session, name: str) -> Account | Channel | None:
    """Whose metadata a session may read; None also where it may not know that there is somebody."""
    if name[:1] == "#":
        channel = turn.model.channel_named(name)
        return channel if channel is not None and _may_read(channel, session.who) else None
    account = turn.model.account_named(name)
    # A disabled account looks like none.
    return account if account is not None and account.usable else None
