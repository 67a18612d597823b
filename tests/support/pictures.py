"""All that a model has, by value, so that those of several nodes can be compared: every field of
everything in it, but for what a node knows by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from securechat.core.journal.events.channels import Logged
from securechat.core.model.credentials import Certificate, Token
from securechat.core.model.entities import Account, Audience, Channel, Direct, Session
from securechat.core.model.levels import Levels
from securechat.core.model.sent_keys import SentKeys
from securechat.core.model.state import Model
from securechat.core.model.states import State
from tests.support.rules_nodes import NodeUnderTest

OWN: dict[type, dict[str, str]] = {
    Model: {
        "sessions": "each node has its own connections; those that are logged in are compared",
        "login_throttle": "its attempts that wait are connections; the rest is compared",
        "refusals": "a limit on what this process writes to the audit",
        "acts": "the same",
        "arriving": "connections of this node",
        "unsaved": "what this node has yet to have stored",
        "used": "the same",
        "uncounted": "emptied where it is stored; it may name more than there is to count",
        "unconfirmed": "whom this node asks, and it asks its own",
        "looked_at": "the same",
        "asks_left": "the same",
        "asked_at": "the same",
        "first_seq": "numbers of this process since its start",
        "logged": "the same",
        "refused": "the same",
        "closing": "connections that are not gone yet are known to their node alone",
        "no_space": "each machine has a look at its own disk",
        "lingering": "the node keeps the time; the accounts are compared",
    },
    Session: {
        "link": "a connection of this process",
        "io": "the same",
        "encoding_group": "the same",
        "fingerprint": "what the handshake showed; by which certificate it logged in is compared",
        "heard_at": "this node times its own out",
        "arrived_at": "by this node's clock, when it has heard of it",
        "answered_at": "the same",
        "asked_at": "whom this node asks, and it asks its own",
        "awaited": "the same",
        "login": "over, for who is logged in",
        "exchange": "the conversation goes on with its own node",
        "cap_302": "the same",
        "claimed_device": "used at the login; which device it is is compared",
        "device": "one that is forgotten is so for its own node alone",
        "delivered": "told where its device has another session",
        "proved_at": "that it has shown the password is compared",
        "opened_at": "to the second",
        "enrolling": "a secret that is shown to nobody else",
        "changing": "the conversation goes on with its own node",
        "held": "the same",
        "answering": "the same",
        "batch": "the same",
        "early_metadata": "over, for who is logged in",
        "answered_label": "the conversation goes on with its own node",
        "awaited_label": "the same",
        "away_at": "by this node's clock, when it has heard of it",
    },
    Account: {
        "_audience": "its sessions are compared",
        "active_ms": "who has tried to say what could not be stored was active at their node",
        "devices": "those are compared that don't wait to be stored, or never will: of the deleted",
    },
    Channel: {
        "_audience": "what is in it is compared",
        "_ranked": "made anew when it is asked for",
        "names": "the same",
        "_seen": "the same",
        "_shown": "the same",
    },
}
"""What differs, and why."""

UNORDERED: dict[type, dict[str, str]] = {
    Model: {
        "departed": "nobody hears who of those that went in one turn was first",
    },
}
"""Of which the order tells nothing, and why."""

PUT_BACK: dict[type, tuple[str, ...]] = {
    Model: (
        "online",
        "by_name",
        "former_names",
        "account_skeletons",
        "channels",
        "channel_skeletons",
        "targets",
        "secret",
    ),
    Account: ("sessions", "channels", "invited_to", "former", "tokens", "certificates", "directs"),
    Channel: ("members", "present", "invited", "bans", "exceptions", "invite_exceptions"),
}
"""Of which the order is the same as long as NodesUnderTest.in_order says so."""

PLAIN = frozenset({str, int, float, bool, bytes, type(None), Logged})


Waiting = set[object]
"""Devices, by the numbers of their accounts and their names; tokens and certificates."""


def waiting(nodes: Iterable[NodeUnderTest]) -> Waiting:
    """What waits to be stored within the second: until then its node alone has it as it is."""
    models = [node.model for node in nodes]
    devices = {(account.id, name) for model in models for account, name in model.unsaved}
    used = [one for model in models for one in model.used]
    return {*devices, *(one.digest if isinstance(one, Token) else one.fingerprint for one in used)}


def picture(node: NodeUnderTest, without: Waiting) -> dict[str, Any]:
    """By what it is, as plain values, but for some of it."""
    return _Picture(node, without).whole()


class _Picture:
    def __init__(self, node: NodeUnderTest, without: Waiting) -> None:
        self._node = node
        self._waiting = without
        self._model = node.model

    def whole(self) -> dict[str, Any]:
        model = self._model
        found: dict[str, Any] = {"model": self._fields(model)}
        for account in model.accounts.values():
            # Who is gone stays what they were last.
            found[f"account {account.id}"] = self._fields(account) | {
                "heard by": self._audience(account.audience())
            }
            found[f"account {account.id}"]["devices"] = sorted(self._devices(account))
            if not account.sessions:
                del found[f"account {account.id}"]["is_bot"]
                if self._node.nodes.failed:  # their login may be what could not be stored
                    del found[f"account {account.id}"]["login_name"]
                    del found[f"account {account.id}"]["signed_on_ms"]
        for number, target in model.targets.items():
            found[f"target {number}"] = self._fields(target)
            if isinstance(target, Channel):
                found[f"target {number}"]["heard by"] = self._audience(target.audience())
        for session in model.sessions:
            if session.state is State.READY:
                found[f"session {self._session(session)}"] = self._fields(session) | {
                    "proven": session.proven,
                    "device": self._device(session),
                }
        if self._node.nodes.failed:  # whose login could not be stored was counted
            del found["model"]["most_online"]
        # They are all told at once.
        monitors = found["model"]["monitors"]
        found["model"]["monitors"] = [(name, _sorted(those)) for name, those in monitors]
        found["model"]["lingering"] = [account.id for account in model.lingering]
        throttle = vars(model.login_throttle)
        found["throttle"] = {
            name: self.plain(value)
            for name, value in throttle.items()
            if name not in ("_held", "_held_of", "_numbers")
        }
        return found

    def _fields(self, thing: Any) -> dict[str, Any]:
        kind = type(thing)
        own, unordered = OWN.get(kind, {}), {*UNORDERED.get(kind, {})}
        if not self._node.nodes.in_order:
            unordered |= {*PUT_BACK.get(kind, ())}
        found = {
            one.name: self.plain(getattr(thing, one.name))
            for one in fields(thing)
            if one.name not in own
        }
        return {name: _sorted(one) if name in unordered else one for name, one in found.items()}

    def _session(self, session: Session) -> str:
        key = self._node.own.presence.key(session)
        return f"{key.node}.{key.number}"

    def _devices(self, account: Account) -> Iterator[list[Any]]:
        for device in account.devices.values() if not account.deleted else ():
            if (account.id, device.name) not in self._waiting:
                yield [getattr(device, one.name) for one in fields(device)]

    def _device(self, session: Session) -> str | None:
        device = session.device
        known = device is not None and session.who.devices.get(device.name) is device
        return device.name if device is not None and known else None

    def _audience(self, audience: Audience) -> list[str]:
        found = [self._session(one) for one in audience.sessions]
        return found if self._node.nodes.in_order else sorted(found)

    def plain(self, value: Any) -> Any:
        """A value of a field; what has a place of its own is named."""
        if type(value) in PLAIN:  # first, as most are
            return value
        match value:
            case Account():
                return f"account {value.id}"
            case Channel() | Direct():
                return f"target {value.id}"
            case Session():
                return f"session {self._session(value)}"
            case Token():
                return self._credential(value, value.digest)
            case Certificate():
                return self._credential(value, value.fingerprint)
            case SentKeys():
                return self.plain(value.items())  # in which slot one stands nobody hears
            case Levels():
                return self._levels(value)
        return self._inside(value)

    def _inside(self, value: Any) -> Any:
        if isinstance(value, dict):
            return [(self.plain(key), self.plain(one)) for key, one in value.items()]
        if isinstance(value, list | tuple | deque):
            return [self.plain(one) for one in value]
        if isinstance(value, set | frozenset):
            return sorted(repr(self.plain(one)) for one in value)
        if is_dataclass(value):
            return {one.name: self.plain(getattr(value, one.name)) for one in fields(value)}
        if hasattr(value, "__dict__") and not isinstance(value, type):
            return self.plain(vars(value))
        if hasattr(value, "__slots__"):
            return {name: self.plain(getattr(value, name)) for name in value.__slots__}
        return value

    def _credential(self, shown: Token | Certificate, digest: bytes) -> dict[str, Any]:
        found = self._fields(shown)
        if digest in self._waiting:
            del found["used_ms"]
        return found

    def _levels(self, levels: Levels) -> list[Any]:
        clock = self._node.clock
        found = [(self.plain(key), round(levels._left(key, clock), 3)) for key in levels._levels]
        return sorted((one for one in found if one[1]), key=repr)


def _sorted(values: Iterable[Any]) -> list[Any]:
    return sorted(values, key=repr)


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """What differs between two pictures, each with where it is."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(key for key in other if key not in one)]:
            if key not in one or key not in other:
                yield f"{where}/{key} is at one of them only: {one.get(key, other.get(key))}"
            else:
                yield from differences(one[key], other[key], f"{where}/{key}")
    elif one != other:
        yield f"{where}: {one!r} and {other!r}"
