"""What events of channels and conversations change: see the package. Hub thread only."""

from __future__ import annotations

from securechat.core.journal.appliers import Undo, move_read_markers, set_facts
from securechat.core.journal.events.channels import (
    ChannelClosed,
    ChannelCreated,
    ChannelRenamed,
    DirectOpened,
    FounderRemoved,
    InvitationEnded,
    InvitationMade,
    KickedAway,
    KicksTold,
    Logged,
    MaskAdded,
    MaskRemoved,
    MemberJoined,
    MemberLeft,
    MemberModesChanged,
    ModesChanged,
    Redacted,
)
from securechat.core.model.entities import Account, Channel, Direct
from securechat.core.model.membership import Membership
from securechat.core.model.state import MOST_REDACTED, Model


def log_entry(model: Model, event: Logged) -> Undo:
    """What apply() does with an entry of the log: of all events the only one that must be fast."""
    target = model.targets[event.target]
    before = target.last_seq
    target.last_seq = event.seq
    model.recent.append(event)
    sender, text, tags = model.accounts.get(event.sender), event.text, event.tags
    # ASCII is asked for in constant time, so most texts need no encoding to be counted.
    size = model.row_bytes + (len(text) if text.isascii() else len(text.encode()))
    if tags:
        size += len(tags.encode())
    if sender is not None:  # what the server does is nobody's
        sender.stored_bytes += size
        model.uncounted[sender] = None

    def undo() -> None:
        # Set to 0 below, so that a second call takes off nothing more.
        nonlocal size
        if sender is not None:
            sender.stored_bytes, size = sender.stored_bytes - size, 0
        if target.last_seq == event.seq:  # else a later step was stored that this one was not
            target.last_seq = before
        # Mostly it is the last one, and remove() would search all of them.
        if model.recent and model.recent[-1] is event:
            model.recent.pop()
        elif event in model.recent:
            model.recent.remove(event)

    return undo


def _bytes_of(event: Redacted) -> int:
    """As log_entry() has counted them; the row itself is still there."""
    return len(event.text.encode()) + len((event.tags or "").encode())


def redacted(model: Model, event: Redacted) -> Undo:
    recent = model.recent
    # It may have left memory already; then a reader finds what is in the database.
    before = next((entry for entry in recent if entry.seq == event.seq), None)
    if before is not None:
        # In place, as the seqs in memory must have no gap.
        after = before._replace(kind="REDACTED", text="", tags=None)
        recent[recent.index(before)] = after
    sender = model.accounts[event.sender]
    size = min(_bytes_of(event), sender.stored_bytes)  # less, where a part could not be counted
    sender.stored_bytes -= size
    model.uncounted[sender] = None
    new = event.seq not in model.redacted
    model.redacted[event.seq] = None
    # The oldest: a reader that began before a thousand others has long been done.
    while len(model.redacted) > MOST_REDACTED:
        del model.redacted[next(iter(model.redacted))]

    def undo() -> None:
        nonlocal size
        sender.stored_bytes, size = sender.stored_bytes + size, 0
        # Who redacted it first has it; a second event must not take that back.
        if new:
            model.redacted.pop(event.seq, None)
        if before is not None and after in recent:
            recent[recent.index(after)] = before

    return undo


def channel_created(model: Model, event: ChannelCreated) -> Undo:
    channel = Channel(
        event.id, event.name, event.folded, event.skeleton, event.founder, event.created_ms
    )
    channel.modes = event.modes
    model.add_channel(channel)
    return lambda: model.remove_channel(channel)


def channel_closed(model: Model, event: ChannelClosed) -> Undo:
    channel = model.channel(event.id)
    model.remove_channel(channel)
    # On the accounts' side only: the channel keeps its own, should it come back.
    invited = {account: account.invited_to.pop(channel) for account in channel.invited}
    # A copy, as they are taken out one by one.
    members = dict(channel.members)
    for account, member in members.items():
        _leave(channel, account, member)

    def undo() -> None:
        # An administrator may have given the name away; then what has ended stays ended.
        if _is_free(model, channel.folded, channel.skeleton):
            model.add_channel(channel)
            for account, member in members.items():
                _enter(channel, account, member)
        # Emptied as it goes, so that a second call does nothing.
        while invited:
            account, by = invited.popitem()
            account.invited_to.setdefault(channel, by)

    return undo


def _is_free(model: Model, folded: str, skeleton: str) -> bool:
    return folded not in model.channels and skeleton not in model.channel_skeletons


def channel_renamed(model: Model, event: ChannelRenamed) -> Undo:
    channel = model.channel(event.channel)
    before = channel.name, channel.folded, channel.skeleton
    after = event.name, event.folded, event.skeleton
    _name(model, channel, *after)
    move_back = move_read_markers(channel.members, event.before, event.folded)

    def undo() -> None:
        # Closed or renamed once more meanwhile: that counts.
        if model.targets.get(channel.id) is not channel or channel.folded != event.folded:
            return
        model.remove_channel(channel)
        free = _is_free(model, *before[1:])
        _name(model, channel, *(before if free else after))
        if free:
            move_back()

    return undo


def _name(model: Model, channel: Channel, name: str, folded: str, skeleton: str) -> None:
    model.remove_channel(channel)
    channel.name, channel.folded, channel.skeleton = name, folded, skeleton
    model.add_channel(channel)
    channel.forget_names()  # whose lines have room for the name that it had


def founder_removed(model: Model, event: FounderRemoved) -> Undo:
    return set_facts(model.channel(event.channel), founder=None)


def direct_opened(model: Model, event: DirectOpened) -> Undo:
    direct = Direct(event.id, event.low, event.high)
    model.add_direct(direct)
    return lambda: model.remove_direct(direct)


def joined(model: Model, event: MemberJoined) -> Undo:
    channel, account = model.channel(event.channel), model.accounts[event.account]
    member = Membership(event.modes, event.seq)
    _enter(channel, account, member)
    return lambda: _leave(channel, account, member)


def left(model: Model, event: MemberLeft) -> Undo:
    channel, account = model.channel(event.channel), model.accounts[event.account]
    member = channel.members[account]
    _leave(channel, account, member)

    def undo() -> None:
        if account not in channel.members:
            _enter(channel, account, member)

    return undo


def _enter(channel: Channel, account: Account, member: Membership) -> None:
    channel.members[account] = member
    account.channels[channel] = None
    # Only who is online is among those present.
    if account.sessions:
        channel.present[account] = None
    channel.forget_audience()


def _leave(channel: Channel, account: Account, member: Membership) -> None:
    # Who has left and joined again has another membership, which stays.
    if channel.members.get(account) is not member:
        return
    del channel.members[account]
    account.channels.pop(channel, None)
    channel.present.pop(account, None)
    channel.forget_audience()


def kicked_away(model: Model, event: KickedAway) -> Undo:
    account = model.accounts[event.account]
    return set_facts(account, kicks={**account.kicks, event.name: event})


def kicks_told(model: Model, event: KicksTold) -> Undo:
    return set_facts(model.accounts[event.account], kicks={})


def member_modes_changed(model: Model, event: MemberModesChanged) -> Undo:
    channel = model.channel(event.channel)
    member = channel.members[model.accounts[event.account]]
    set_back = set_facts(member, modes=event.modes)
    channel.forget_audience()

    def undo() -> None:
        set_back()
        channel.forget_audience()

    return undo


def modes_changed(model: Model, event: ModesChanged) -> Undo:
    channel = model.channel(event.channel)
    set_back = set_facts(channel, modes=event.modes, key=event.key, limit=event.limit)
    model.note_modes(channel)

    def undo() -> None:
        set_back()
        model.note_modes(channel)

    return undo


def mask_added(model: Model, event: MaskAdded) -> Undo:
    listed = model.channel(event.channel).masks(event.kind)
    before = listed.get(event.mask)
    entry = (event.by, event.at_ms)
    listed.put(event.mask, entry)

    def undo() -> None:
        # By identity: the same mask may have been set anew by somebody else.
        if listed.get(event.mask) is entry:
            listed.put(event.mask, before)

    return undo


def mask_removed(model: Model, event: MaskRemoved) -> Undo:
    listed = model.channel(event.channel).masks(event.kind)
    before = listed[event.mask]
    listed.put(event.mask, None)

    def undo() -> None:
        if event.mask not in listed:
            listed.put(event.mask, before)

    return undo


def invited(model: Model, event: InvitationMade) -> Undo:
    channel, account = model.channel(event.channel), model.accounts[event.account]
    before = account.invited_to.get(channel)
    _invite(channel, account, event.by)

    def undo() -> None:
        if account.invited_to.get(channel) == event.by:
            _invite(channel, account, before)

    return undo


def invitation_ended(model: Model, event: InvitationEnded) -> Undo:
    channel, account = model.channel(event.channel), model.accounts[event.account]
    by = account.invited_to[channel]
    _invite(channel, account, None)

    def undo() -> None:
        # A channel that has been closed meanwhile can't be entered.
        if channel not in account.invited_to and model.targets.get(channel.id) is channel:
            _invite(channel, account, by)

    return undo


def _invite(channel: Channel, account: Account, by: str | None) -> None:
    """Both sides of an invitation; None ends it."""
    if by is None:
        account.invited_to.pop(channel, None)
        channel.invited.pop(account, None)
    else:
        account.invited_to[channel] = by
        channel.invited[account] = None
