"""What holds after every turn, whatever was said in it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from securechat.core.journal import apply
from securechat.core.journal.events.channels import Logged
from securechat.core.model.credentials import MAX_DEVICES
from securechat.core.model.entities import Account, Channel
from securechat.core.model.mask_list import KINDS
from securechat.core.model.state import Model
from securechat.core.model.states import WAITING, State
from securechat.core.presence.monitors import MAX_MONITORED
from securechat.irc.message import MAX_BODY_BYTES, parse
from tests.support.client import SERVER
from tests.support.rules import RulesUnderTest
from tests.support.snapshot import snapshot

if TYPE_CHECKING:
    from tests.fuzz.fuzzed_rules import FuzzedRules

MAX_SERVER_TAGS = 8191
"""Bytes of the tags of a server's line (https://ircv3.net/specs/extensions/message-tags)."""

BEFORE_LOGIN = frozenset({"AUTHENTICATE", "CAP", "ERROR", "FAIL", "NOTE", "PONG", "REGISTER"})
"""What somebody may hear who is not logged in, beside numerics; always from the server."""


class Watch:
    """Over what one connection hears. in_log: what is stored, by its number."""

    def __init__(self, in_log: Mapping[int, Logged]) -> None:
        self._in_log = in_log
        self._newest: dict[int, int] = {}
        self.welcomed = self._ended = False

    def hears(self, line: str) -> None:
        """A line that the server delivers."""
        tags, _, body = line.partition(" ") if line.startswith("@") else ("", "", line)
        assert len(tags.encode()) < MAX_SERVER_TAGS, line
        assert len(body.encode()) <= MAX_BODY_BYTES, line
        assert not set("\0\r\n") & set(line), line
        assert not self._ended, f"after the end comes {line}"
        message = parse(line)
        self.welcomed = self.welcomed or message.command == "001"
        self._ended = message.command == "ERROR"
        if not self.welcomed:
            assert message.source in (None, SERVER), f"heard before a login: {line}"
            assert message.command in BEFORE_LOGIN or message.command.isdigit(), line
        if "msgid" in message.tags:
            again = message.params[:1] == [message.nick]  # to oneself: the echo, and the message
            self._in_order(int(message.tags["msgid"].rpartition("-")[2], 16), again=again)

    def _in_order(self, seq: int, *, again: bool) -> None:
        """Stored before seen; and of each conversation once, in the one order."""
        assert seq in self._in_log, f"{seq} is seen, and not stored"
        target = self._in_log[seq].target
        newest = self._newest.get(target, 0)
        assert seq > newest or (again and seq == newest), f"{seq} comes after {newest}"
        self._newest[target] = seq


def check_model(fuzzed: FuzzedRules, *, thoroughly: bool = False) -> None:
    """All tables agree with each other; thoroughly: and with what is stored."""
    model = fuzzed.model
    for channel in model.channels.values():
        _check_channel(model, channel)
    assert set(model.secret) == {one for one in model.channels.values() if "s" in one.modes}
    for account in model.accounts.values():
        _check_account(model, account)
    _check_sessions(fuzzed)
    _check_order(fuzzed)
    if thoroughly:
        _check_stored(fuzzed)


def _check_channel(model: Model, channel: Channel) -> None:
    assert model.targets[channel.id] is channel
    assert model.channel_skeletons[channel.skeleton] is channel
    assert all(channel in account.channels for account in channel.members)
    assert set(channel.present) == {account for account in channel.members if account.sessions}
    listening = {session for account in channel.present for session in account.sessions}
    assert set(channel.audience().sessions) == listening
    assert all(channel in account.invited_to for account in channel.invited)
    assert channel.members or channel.founder is None, f"{channel.name} has no members"
    for kind in KINDS:
        listed = channel.masks(kind)
        assert listed.keys() >= listed._matchers.keys()


def _check_account(model: Model, account: Account) -> None:
    assert model.by_name[account.folded] is account
    assert account.folded not in model.former_names
    for folded, (_, skeleton) in account.former.items():
        assert model.former_names[folded] is account
        assert skeleton in model.account_skeletons
        assert folded not in model.by_name
    assert all(account in channel.members for channel in account.channels), account.name
    assert all(model.channels.get(channel.folded) is channel for channel in account.channels), (
        account.name
    )
    assert all(account in channel.invited for channel in account.invited_to)
    assert all(other.directs[account] is direct for other, direct in account.directs.items())
    assert all(model.tokens[token.digest] is token for token in account.tokens.values())
    held = account.certificates.values()
    assert all(model.certificates[one.fingerprint] is one for one in held)
    assert (account in model.online) == bool(account.sessions)
    if account.sessions:
        found = [session.away for session in account.sessions]
        away = [text for text in found if text != "*"] or ["Away"]
        bots = [session.bot for session in account.sessions]
        assert account.is_bot == (account.bot or all(bots))
        assert account.hidden == all(session.invisible for session in account.sessions)
        assert account.away in away if None not in away else account.away is None
    assert set(account.audience().sessions) == set(account.sessions)
    assert len(set(account.sessions)) == len(account.sessions)
    assert not account.sessions or account.usable, f"{account.name} should be gone"
    assert len(account.devices) <= MAX_DEVICES
    for name, device in account.devices.items():
        assert name == device.name
        assert device.stored <= device.delivered <= model.last_seq


def _check_sessions(fuzzed: FuzzedRules) -> None:
    model, jobs = fuzzed.model, list(fuzzed.jobs)
    assert model.arrived == sum(len(account.sessions) for account in model.online)
    assert model.admins_online == sum(account.admin for account in model.online)
    assert model.hidden_online == sum(account.hidden for account in model.online)
    assert model.closing == sum(one.state is State.CLOSED for one in model.sessions)
    _check_monitors(model)
    jobs += [job for _, _, job in model.login_throttle._held]
    awaited = {job.session for job in jobs}
    for session in model.sessions:
        ready = session.state is State.READY
        assert ready == (session.account is not None and session in session.account.sessions)
        assert session.state not in WAITING or session in awaited, f"{session.state} for ever"
        assert len(session.held) <= fuzzed.settings.max_held_lines
    assert all(s in model.sessions for account in model.online for s in account.sessions)


def _check_monitors(model: Model) -> None:
    follows = {(name, session) for name, found in model.monitors.items() for session in found}
    everybody = [session for account in model.online for session in account.sessions]
    assert follows == {(name, session) for session in everybody for name in session.monitored}
    assert all(model.monitors.values())
    assert all(len(session.monitored) <= MAX_MONITORED for session in everybody)


def _check_order(fuzzed: FuzzedRules) -> None:
    model, log = fuzzed.model, list(fuzzed.in_log.values())
    assert all(a.seq < b.seq for a, b in pairwise(log)), "stored out of order"
    assert list(model.recent) == log[len(log) - len(model.recent) :]
    assert model.committed_seq <= model.last_seq
    newest: dict[int, int] = {}
    for entry in log:
        newest[entry.target] = entry.seq
    for number, target in model.targets.items():
        assert target.last_seq == newest.get(number, 0), f"target {number} is not as stored"


def _check_stored(fuzzed: FuzzedRules) -> None:
    """A start from the disk has the same model."""
    from tests.fuzz.fuzzed_rules import furnish

    again = furnish(RulesUnderTest()).model
    for event in fuzzed.stored:
        apply.apply(again, event)
    administered = {"tokens", "certificates", "factor", "invites", "devices", "usable"}
    left_out = administered if fuzzed.administered else set()
    assert _kept(again, left_out) == _kept(fuzzed.model, left_out)


def _kept(model: Model, left_out: set[str]) -> dict[str, Any]:
    """What outlives the process, by value."""
    shot: dict[str, Any] = snapshot(model)
    live = left_out | {"present", "told", "sessions", "admin", "hidden"}
    for kind in ("accounts", "channels"):
        for item in shot[kind].values():
            for name in live & item.keys():
                del item[name]
    names = {"accounts", "names", "former names", "looks", "channels", "channel looks"}
    names |= {"targets", "invites"}
    return {name: shot[name] for name in names - left_out}
