"""What an administrator has erased in the database, taken out of the running server's memory.

Hub thread only.
"""

from __future__ import annotations

from securechat.core import metadata
from securechat.core.delivery.line import Line
from securechat.core.journal.events.facts import FactKept
from securechat.core.model.entities import Account
from securechat.core.model.reports import KEY, reports
from securechat.core.model.state import Model
from securechat.core.presence import online
from securechat.core.turn import Turn
from securechat.irc.names import fold_account
from securechat.store.sql.erasure import Erased
from securechat.store.sql.reader import Reader
from securechat.store.sql.rows import AccountRow


def forget_entries(model: Model, reader: Reader, number: int, erased: Erased) -> None:
    """Entries of the log have been erased. What is in memory of them goes too."""
    if number <= model.erased:  # a turn that is taken back has its changes taken up once more
        return
    model.erased = number
    for id_, size in erased.sizes:
        account = model.accounts.get(id_)
        if account is not None:
            # max(): a part of the log that could not be read may never have been counted.
            account.stored_bytes = max(account.stored_bytes - size, 0)
            model.uncounted[account] = None
    recent = model.recent
    # Older than what is in memory.
    if not recent or erased.newest < recent[0].seq:
        return
    stored, upto = reader.logged(recent[0].seq, model.committed_seq), model.committed_seq
    # What isn't committed yet can't have been erased.
    left = [entry for entry in recent if entry.seq > upto or entry.seq in stored]
    recent.clear()
    recent.extend(left)


def forget_words(turn: Turn, reader: Reader, row: AccountRow) -> None:
    """What an account has said of itself, and left standing in channels. Whoever has seen it is
    told that it is gone. row: the account, as it is stored now.
    """
    model = turn.model
    account = model.accounts.get(row.id)
    # It was made and erased while this server did not look.
    if account is None:
        return
    for name in (account.folded, *account.former):
        model.departed.pop(name, None)  # it has the real name
    _forget_own(turn, account, row)
    _forget_topics(turn, reader, account)
    _forget_reports(turn, account)
    # Reasons of kicks that are still to be told, in anybody's table.
    for other in model.accounts.values():
        for name, kick in other.kicks.items():
            if _is_of(account, kick.by):
                other.kicks[name] = kick._replace(reason="")


def _forget_own(turn: Turn, account: Account, row: AccountRow) -> None:
    """It may have set others since, which stay."""
    before, keys = account.real_name, metadata.keys_of(account)
    account.chosen_name, account.metadata = row.chosen_name, row.metadata
    left = metadata.keys_of(account)
    for key in keys:
        # Told as removed to those who were told of it when it was set.
        if key not in left:
            metadata.tell_change(turn, None, account, key, None)
    if account.sessions and account.real_name != before:
        online.tell_real_name(turn, account)


def _forget_topics(turn: Turn, reader: Reader, account: Account) -> None:
    stored = reader.topics()
    for channel in turn.model.channels.values():
        # Only where the database has none any more: a topic that was set since stays.
        if channel.topic and channel.id not in stored and _is_of(account, channel.topic_by):
            channel.topic, channel.topic_by, channel.topic_ms = "", "", 0
            body = f":{turn.settings.name} TOPIC {channel.name} :"
            turn.broadcast(channel.audience(), Line(body, turn.now_ms))


def _forget_reports(turn: Turn, account: Account) -> None:
    """What they have told of others, in words."""
    there = reports(turn.model.kept.get(KEY))
    left = tuple(one._replace(reason="") if _is_of(account, one.by) else one for one in there.open)
    if left != there.open:
        start = turn.savepoint()
        turn.record(FactKept(KEY, there._replace(open=left).text()))
        turn.finish_span(None, "ERASE", start)


def _is_of(account: Account, source: str) -> bool:
    name = fold_account(source.partition("!")[0])
    return name == account.folded or name in account.former
