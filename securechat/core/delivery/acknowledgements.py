"""Up to where everything has certainly arrived, for each device of an account. Hub thread only.

Soon after messages a session gets a PING with the newest number of the one order; its PONG shows
that all before arrived. What comes after its device's mark is replayed at the device's next login.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest
from itertools import takewhile

from securechat.core.delivery.line import BareLine
from securechat.core.journal.events.accounts import Delivered, DeviceForgotten
from securechat.core.model.credentials import MAX_DEVICES, Device, certificate_device, token_device
from securechat.core.model.entities import Account, Audience, Channel, Session
from securechat.core.model.state import Model
from securechat.core.model.states import State
from securechat.core.turn import Turn

# What people read. JOINs and questions between programs mean nothing afterwards.
KINDS = frozenset({"PRIVMSG", "NOTICE"})
"""What counts as missed."""

ASKED = "delivered-"
"""A PING of the server carries the newest log entry; its PONG shows that all before arrived."""

AGAIN_SECONDS = 2.0
"""Between two such PINGs to one session, and only when messages came since: so much comes again
after a connection that was lost.
"""

ASKED_PER_SECOND, ASKED_AT_ONCE = 20.0, 100.0
"""So many are asked in the long run, and after a while of rest. An answer costs about as much as
fifteen deliveries (a quarter of a millisecond of CPU, reading and storing it included), so this is
some 0.5 % of a core. A channel of 200 that talks without end is asked each 10 seconds, a team of 40
each two. After a single message a channel of 100 is asked within two seconds, one of 200 within
seven.
"""


# Which device a session is


def begin(turn: Turn, session: Session) -> None:
    """The session's login has been granted: it is one of its account's devices."""
    account = session.who
    name = _name(session)
    device = account.devices.get(name)
    if device is None:
        device = Device(name, _start(account), turn.now_ms)
        _make_room(turn.model, account)
        account.devices[name] = device
    device.used_ms = turn.now_ms
    turn.model.unsaved[account, name] = None
    # The mark as it is now; it may move by another window of the device while this one logs in.
    session.device, session.after = device, device.delivered


def rebind(turn: Turn, session: Session) -> None:
    """The session has another credential, and with it is another device: what has arrived at the
    one has arrived at the other.
    """
    old = session.device
    begin(turn, session)
    device, devices = session.device, session.who.devices
    if old is None or device is None:
        return
    # This very client has received it, under its former name.
    device.delivered = max(device.delivered, old.delivered)

    def undo() -> None:
        devices.pop(device.name, None)
        session.device = old

    turn.on_failure(undo)


def _name(session: Session) -> str:
    if session.token is not None:
        return token_device(session.token.name)
    if session.certificate is not None:
        return certificate_device(session.certificate.name)
    return session.claimed_device


def _start(account: Account) -> int:
    """Where a device begins that was never seen before: it is given what none has received, be it
    one that is forgotten by now.
    """
    marks = (device.delivered for device in account.devices.values())
    return max(account.starts_after, max(marks, default=0))


def _make_room(model: Model, account: Account) -> None:
    """Forget the devices unused for longest; those with sessions are not among them."""
    live = {session.device for session in account.sessions}
    unused = [name for name, device in account.devices.items() if device not in live]
    # Not by their order: where a login was at another node that isn't known.
    unused.sort(key=lambda name: account.devices[name].used_ms)
    for name in unused[: max(0, len(account.devices) + 1 - MAX_DEVICES)]:
        account.forget_device(name)
        model.unsaved[account, name] = None


# Asking, and what a PONG moves


def look(model: Model) -> None:
    """Find out who has been sent messages since the last look.

    In the tick, and not as they are sent: a message must not cost something for each member.
    """
    last, model.looked_at = model.looked_at, model.last_seq
    if model.last_seq <= last:
        return
    recent = model.recent
    # Only if memory reaches back to the last look, else some would be passed over.
    if recent and recent[0].seq <= last + 1:
        # From the newest backwards, so that it costs what is new and not what is kept.
        new = takewhile(lambda entry: entry.seq > last, reversed(recent))
        targets = {entry.target for entry in new if entry.kind in KINDS}
    else:  # more than memory holds
        targets = {number for number, item in model.targets.items() if item.last_seq > last}
    for number in targets:
        target = model.targets.get(number)
        if isinstance(target, Channel):
            # By a C function: the tick of a large server meets every session here.
            model.unconfirmed.update(target.audience().sessions)
        elif target is not None:
            for number in (target.low, target.high):
                # One may be none any more: its name was given free.
                if (account := model.accounts.get(number)) is not None:
                    model.unconfirmed.update(account.audience().sessions)


def due(turn: Turn) -> list[Session]:
    """Those of them who can be asked now, longest unasked first: to each session one PING is on its
    way at a time.
    """
    model, before = turn.model, turn.clock - AGAIN_SECONDS
    waiting = [
        session
        for session in model.unconfirmed
        # A client that doesn't answer isn't asked again; ping_seconds ends its connection.
        if not session.awaited
        and session.asked_at <= before
        and session.state is State.READY
        and session.is_here
    ]
    rested = (turn.clock - model.asked_at) * ASKED_PER_SECOND
    # Left may be a fraction: it is saved, and not rounded away each second.
    left = min(ASKED_AT_ONCE, model.asks_left + rested)
    if len(waiting) > left:
        # By who has waited longest, so that in a large channel everybody's turn comes.
        waiting = nsmallest(int(left), waiting, key=lambda session: session.asked_at)
    model.asks_left, model.asked_at = left - len(waiting), turn.clock
    return waiting


def ask(turn: Turn, session: Session) -> None:
    """A PING whose answer shows what has certainly arrived: all that was said before."""
    _asked(turn, session)
    # The newest seq of this moment: it comes behind all that this turn has said so far.
    turn.send(session, _question(turn))


def ask_all(turn: Turn, sessions: Iterable[Session]) -> None:
    """The same for many: one broadcast, so that each group of them shares the bytes."""
    audience = Audience(sessions)
    for session in audience.sessions:
        _asked(turn, session)
    turn.broadcast(audience, BareLine(_question(turn)))


def _question(turn: Turn) -> str:
    return f"PING :{ASKED}{turn.model.last_seq}"


def ask_again(turn: Turn) -> None:
    """Some of the turn could not be stored, and its numbers are given to something else: what was
    asked by them is asked by the newest one that is left.
    """
    for at, effect in enumerate(turn.effects):
        if isinstance(effect.line, BareLine) and effect.line.body.startswith(f"PING :{ASKED}"):
            turn.effects[at] = effect._replace(line=BareLine(_question(turn)))


def _asked(turn: Turn, session: Session) -> None:
    session.asked_at, session.awaited = turn.clock, True
    turn.model.unconfirmed.pop(session, None)


def acknowledge(turn: Turn, session: Session, token: str) -> None:
    """A PONG: remember what has arrived; stored with the next tick."""
    number = token.removeprefix(ASKED)
    # Bounded before int(), which takes long for a number of thousands of digits.
    if token.startswith(ASKED) and number.isdecimal() and len(number) < 20:
        # A client may claim what it likes; nothing later than the newest can have arrived.
        seq = min(int(number), turn.model.last_seq)
        session.delivered = max(seq, session.delivered or 0)
        session.answered_at, session.awaited = turn.clock, False
        advance(turn.model, session)


def advance(model: Model, session: Session) -> None:
    """Move the mark of the session's device to what all of its sessions have received.

    One device may have two windows, and what the one has, the other may lack when it dies. Those
    count that confirm at all, which a script that only sends does not; and not one that has said
    nothing since a younger one came: it is what a lost connection leaves behind, and the younger
    one was given all that came after the mark.
    """
    account, device = session.who, session.device
    if device is None:
        return
    there = [s for s in account.sessions if s.device is device and s.delivered is not None]
    if not there:
        return
    # Who answered last before the youngest came may be a connection that is dead already.
    newest = max(one.arrived_at for one in there)
    # The least of them: what a window lacks must be replayed if it is the one that dies.
    safe = min(one.delivered or 0 for one in there if one.answered_at >= newest)
    if safe > device.delivered:
        device.delivered = safe
        if account.devices.get(device.name) is device:  # its token wasn't revoked
            model.unsaved[account, device.name] = None


def store(turn: Turn) -> None:
    """Have the marks stored that have moved."""
    model = turn.model
    if not model.unsaved:
        return
    start = turn.savepoint()
    # Taken away at once: what moves while these are recorded is for the next tick.
    unsaved, model.unsaved = model.unsaved, {}
    for account, name in unsaved:
        if model.accounts.get(account.id) is not account:  # its registration was not stored
            continue
        device = account.devices.get(name)
        if device is None:
            turn.record(DeviceForgotten(account.id, name))
        elif not account.deleted:
            turn.record(Delivered(account.id, name, device.delivered, device.used_ms))
    # Back into it, so that the next tick tries again.
    turn.on_failure(lambda: model.unsaved.update(unsaved))
    turn.finish_span(None, "TICK", start)
