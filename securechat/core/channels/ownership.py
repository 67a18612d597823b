"""Who owns a channel when its last owner is gone. Hub thread only.

The rule: of the members that may log in, the operator who has been a member for longest; without an
operator the voiced member, without one of these the member. The lobby has no owner by itself.
"""

from __future__ import annotations

from securechat.core.channels import channels
from securechat.core.delivery.line import Line
from securechat.core.journal.events import FounderRemoved, RoleChanged, RoomClosed
from securechat.core.model.state import ROLES, Account, Room
from securechat.core.turn import Turn


def owners(room: Room) -> list[Account]:
    """Those whose role it is."""
    return [account for account, member in room.members.items() if member.role == "q"]


def heir(room: Room) -> Account | None:
    """The member who comes next, by the rule."""
    usable = [account for account in room.members if account.usable]
    return min(usable, key=lambda one: _place(room, one), default=None)


def _place(room: Room, account: Account) -> tuple[int, int]:
    member = room.members[account]
    return (ROLES.index(member.role) if member.role else len(ROLES)), member.seq


def leave(turn: Turn, room: Room, account: Account) -> None:
    """End a membership. The channel ends with its last one, and gets an owner when its last one
    goes; the lobby never ends.
    """
    was_owner = room.role(account) == "q"
    channels.depart(turn, room, account)
    if room is channels.lobby_of(turn):
        return
    if not room.members:
        turn.record(RoomClosed(room.id))
    elif was_owner and not owners(room):
        pass_on(turn, room, account)


def pass_on(turn: Turn, room: Room, before: Account | None) -> None:
    """Give a channel without an owner to who comes next; its members are told by the server.
    before: who was the owner, if that is known.
    """
    after = heir(room)
    if after is None:
        return
    had = room.role(after)
    turn.log(room.id, before or after, "MODE", f"+q {after.name}")
    turn.record(RoleChanged("q", room.id, after.id))
    facts = {"room": room.name, "of": after.name, "had": had, "has": "q"}
    turn.audit_own("role changed", by="no owner was left", **facts)
    body = f":{turn.settings.name} MODE {room.name} +q {after.name}"
    turn.broadcast(room.audience(), Line(body, turn.now_ms))


def mend(turn: Turn) -> None:
    """At the start: what was changed while no server ran, or by an older one, ends as if one had
    been running.
    """
    lobby = channels.lobby_of(turn)
    for room in list(turn.model.rooms.values()):
        start = turn.savepoint()
        if room is lobby:
            if room.founder is not None:
                turn.record(FounderRemoved(room.id))
        elif not room.members:
            turn.record(RoomClosed(room.id))
        elif not owners(room):
            pass_on(turn, room, None)
        turn.finish_span(None, "START", start)
