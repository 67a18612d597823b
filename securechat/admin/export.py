"""`securechat-admin export`: what is kept of a channel or of a person, as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import click

from securechat.admin.context import AdminContext
from securechat.admin.history import find_author
from securechat.admin.listing import echo_json, utc
from securechat.common.files import new_file
from securechat.common.language import ngettext
from securechat.server.logs import json_text
from securechat.store.errors import StoreError, UnknownError
from securechat.store.sql.export import History
from securechat.store.sql.personal import Kick, Mask, Report
from securechat.store.sql.rows import AccountRow, CertificateRow, LogRow, TokenRow

PAUSE_SECONDS = 0.005
"""Between two reads, for whoever else wants the disk."""

STDOUT = Path("-")

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))


@click.group()
def export() -> None:
    """Write what is kept of a channel or a person into a new FILE, one JSON object a line.

    `-` is standard output. A running server goes on meanwhile. What the objects hold:
    docs/operating.md.
    """


@export.command()
@click.argument("name")
@_FILE
@click.pass_obj
def channel(context: AdminContext, name: str, file: Path) -> None:
    """Export all that is kept of the channel NAME: '#den', quoted for the shell.

    When there is none, those are taken that were called so when they ended.

    \b
    Example: securechat-admin export channel '#den' den.jsonl
    """
    history = context.admin.history
    found = history.channels_named(name)
    if not found:
        raise UnknownError(f"there was never a channel {name!r}")
    upto = context.admin.reader.last_seq()
    # Before the first line is read: whoever reads others' messages must be seen to have done so.
    context.admin.audit.note("history exported", channel=found[0][1], file=str(file))
    told = _Teller(context)
    heads = (channel_facts(history, number) for number, _ in found)
    entries = (
        told.entry(row)
        for number, _ in found
        for row in history.of_channel(number, upto, told.pause)
    )
    _write(file, chain(heads, entries))


@export.command()
@click.argument("name")
@_FILE
@click.pass_obj
def user(context: AdminContext, name: str, file: Path) -> None:
    """Export all that is kept of the person NAME, who may be deleted.

    The account and its settings; what it has said and done in channels; its direct conversations
    with what the others have said there; what the audit has of it. No passwords, tokens or keys.

    \b
    Example: securechat-admin export user alice alice.jsonl
    """
    account = find_author(context, name)
    upto = context.admin.reader.last_seq()
    context.admin.audit.note("history exported", account=account.name, file=str(file))
    _write(file, _of_person(context, account, upto))


def channel_facts(history: History, number: int) -> dict[str, object]:
    """What stands of a channel beside its log, for programs."""
    facts = history.channel(number)
    return {
        "type": "channel",
        "name": facts.name,
        "created": _time(facts.created_ms),
        "ended": bool(facts.ended),
        "founder": facts.founder,
        "modes": facts.modes,
        "key": bool(facts.has_key),
        "limit": facts.member_limit,
        "topic": facts.topic,
        "topic_by": facts.topic_by,
        "topic_set": _time(facts.topic_ms) if facts.topic else None,
        "metadata": json.loads(facts.metadata or "{}"),
        "keep_days": facts.keep_days,
        "members": [{"name": n, "modes": modes} for n, modes in history.members(number)],
        "masks": [
            {"kind": kind, "mask": mask, "by": by, "time": _time(at_ms)}
            for kind, mask, by, at_ms in history.masks(number)
        ],
        "invitations": [{"of": of, "by": by} for of, by in history.invitations(number)],
    }


def _of_person(
    context: AdminContext, account: AccountRow, upto: int
) -> Iterator[dict[str, object]]:
    told = _Teller(context)
    # First who it is, then what was said: a reader of the file needs no look at its end.
    yield _account(context, account)
    for row in context.admin.history.of_person(account.id, upto, told.pause):
        yield told.entry(row)
    for at_ms, event, by, address, result, facts in context.admin.personal(account).audited():
        yield {
            "type": "audit",
            "time": _time(at_ms),
            "event": event,
            "account": by,
            "address": address,
            "result": result,
            "facts": json.loads(facts),
        }


def _account(context: AdminContext, account: AccountRow) -> dict[str, object]:
    history, reader = context.admin.history, context.admin.reader
    personal = context.admin.personal(account)
    return {
        "type": "account",
        "name": account.name,
        "created": _time(account.created_ms),
        "real_name": account.chosen_name,
        "metadata": json.loads(account.metadata or "{}"),
        "administrator": bool(account.admin),
        "bot": bool(account.bot),
        "disabled": bool(account.disabled),
        "deleted": bool(account.deleted),
        "second_factor": reader.has_factor(account.id),
        "quota_mib": account.quota_mib,
        "bytes": reader.usage().get(account.id, 0),
        "tokens": [_credential(row) for row in reader.tokens_of(account.id)],
        "certificates": [
            {**_credential(row), "fingerprint": row.fingerprint.hex()}
            for row in reader.certificates_of(account.id)
        ],
        "devices": [{"name": name, "used": _time(used_ms)} for name, used_ms in personal.devices()],
        "channels": [{"name": n, "modes": modes} for n, modes in history.channels_of(account.id)],
        "founded": personal.founded(),
        "topics": [{"channel": n, "topic": text} for _, n, text in personal.topics()],
        "masks": [_timed(mask) for mask in personal.masks()],
        "invitations": [{"channel": n, "of": of, "by": by} for n, of, by in personal.invitations()],
        "kicks": [_timed(kick) for kick in personal.kicks()],
        "reports": [_timed(report) for report in personal.reports()],
        "read": [
            {"target": target, "upto": _time(at_ms)}
            for target, at_ms in history.read_markers_of(account.id)
        ],
    }


def _time(at_ms: int) -> str:
    return utc(at_ms, milliseconds=True)


def _credential(row: TokenRow | CertificateRow) -> dict[str, object]:
    used = None if row.used_ms is None else _time(row.used_ms)
    return {"name": row.name, "created": _time(row.created_ms), "used": used}


def _timed(row: Mask | Kick | Report) -> dict[str, object]:
    told: dict[str, object] = row._asdict()
    del told["at_ms"]
    return {**told, "time": _time(row.at_ms)}


class _Teller:
    """Tells entries of the log as objects."""

    def __init__(self, context: AdminContext) -> None:
        reader = context.admin.reader
        self._context = context
        self._instance = reader.instance()
        # The deleted ones too, as the log names them.
        self._names = {row.id: row.name for row in reader.accounts()}
        self._places = context.admin.history.places()

    def pause(self) -> None:
        """Leave the disk to others for a moment."""
        self._context.pause(PAUSE_SECONDS)

    def entry(self, row: LogRow) -> dict[str, object]:
        """An entry, without what it doesn't have."""
        seq, target, sender, at_ms, kind, text, tags = row
        channel, low, high = self._places.get(target, (None, None, None))
        told: dict[str, object] = {
            "type": "entry",
            "msgid": f"{self._instance}-{seq:x}",
            "time": _time(at_ms),
            "from": self._names.get(sender),
        }
        if low is None:
            told["channel"] = channel
        else:
            # Of a conversation the one who didn't say it; oneself, of one with oneself.
            told["to"] = self._names.get((high if low == sender else low) or 0)
        return {**told, "kind": kind, "text": text, **({"tags": tags} if tags else {})}


def _write(file: Path, objects: Iterable[dict[str, object]]) -> None:
    """A new file of mode 0600, on the disk when this returns. Raises StoreError."""
    if file == STDOUT:
        for one in objects:
            echo_json(one, indent=None)
        return
    count = 0
    try:
        with new_file(file) as stream:
            for one in objects:
                stream.write(json_text(one, readable=True).encode() + b"\n")
                count += 1
    except FileExistsError:
        raise StoreError(f"{file} is there already; name a new file") from None
    except OSError as error:
        raise StoreError(f"can't write {file}: {error.strerror}") from error
    click.echo(
        ngettext("{count} object is in {file}.", "{count} objects are in {file}.", count).format(
            count=count, file=file
        ),
        err=True,
    )
