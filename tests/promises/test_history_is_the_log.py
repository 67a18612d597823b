"""Whatever people do in whatever order: what each of them heard is in the log in its order, and
what each can read is what the log has for them. The promises 1, 3 and 5.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from securechat.core.administration.requests import Refused
from securechat.core.journal.events.channels import Logged
from securechat.core.model.entities import Account
from securechat.core.model.states import State
from securechat.irc.message import Message
from tests.support.client import Client, of
from tests.support.rules import RulesUnderTest

NAMES = ("alice", "bob", "carol")
CHANNELS = ("#a", "#b")
ACTS = ("add", "kick", "mode", "topic", "drop")
CAPS = "message-tags echo-message batch server-time draft/chathistory draft/message-redaction"


class Conversations(RuleBasedStateMachine):
    """People with several devices, two channels, and a connection that never logs in."""

    clients: Bundle[Client] = Bundle("clients")

    @initialize(target=clients)
    def begin(self) -> Any:
        """Two are in a channel and have said something already."""
        self.server = RulesUnderTest(*NAMES)
        self.stranger = self.server.connect()
        self.stranger.says("NICK alice", "CAP LS 302")
        self.heard: dict[Client, list[Message]] = {}
        self.redacted: set[str] = set()
        self.count = 0
        there = [self.connects(name) for name in NAMES[:2]]
        for client in there:
            self._do(client, "JOIN #a")
            self.says(client, "#a", stored=True)
        return multiple(*there)

    # What people do

    @rule(target=clients, name=st.sampled_from(NAMES))
    def comes(self, name: str) -> Any:
        if len(self.server.account(name).sessions) >= 3:
            return multiple()
        return self.connects(name)

    def connects(self, name: str) -> Client:
        client = self.server.member(name, caps=CAPS)
        self.heard[client] = []
        return client

    @rule(client=clients)
    def disconnects(self, client: Client) -> None:
        self._listen()
        self.heard.pop(client, None)
        client.hangs_up()

    @rule(client=clients, channel=st.sampled_from(CHANNELS))
    def joins(self, client: Client, channel: str) -> None:
        self._do(client, f"JOIN {channel}")

    @rule(client=clients, channel=st.sampled_from(CHANNELS))
    def parts(self, client: Client, channel: str) -> None:
        self._do(client, f"PART {channel}")

    @rule(client=clients, where=st.sampled_from([*CHANNELS, *NAMES]), stored=st.booleans())
    def speaks(self, client: Client, where: str, stored: bool) -> None:
        self.says(client, where, stored=stored)

    def says(self, client: Client, where: str, *, stored: bool) -> None:
        self.count += 1
        self.server.full = not stored
        self._do(client, f"PRIVMSG {where} :{self.count}")
        self.server.full = False

    @rule(client=clients, data=st.data())
    def redacts(self, client: Client, data: st.DataObject) -> None:
        """Somebody's message, wherever it was heard; the answer says whether it was allowed."""
        known = [line for line in self.heard.get(client, ()) if line.command == "PRIVMSG"]
        if not known:
            return
        line = data.draw(st.sampled_from(known))
        where = line.params[0] if line.params[0] in CHANNELS else self._other(client, line)
        self._do(client, f"REDACT {where} {line.tags['msgid']}")

    @rule(client=clients, channel=st.sampled_from(CHANNELS), sign=st.sampled_from("+-"))
    def opens(self, client: Client, channel: str, sign: str) -> None:
        """To newcomers, or not."""
        self._do(client, f"MODE {channel} {sign}H")

    @rule(channel=st.sampled_from(CHANNELS), name=st.sampled_from(NAMES), act=st.sampled_from(ACTS))
    def administers(self, channel: str, name: str, act: str) -> None:
        """The administrator of the machine, as far as it can be done."""
        facts = {"names": [name], "name": name, "modes": "+H-n", "params": [], "key": None}
        with suppress(Refused):
            self.server.asks(f"channel {act}", channel=channel, reason="", topic="x", **facts)
        self._listen()

    def _do(self, client: Client, line: str) -> None:
        if client in self.heard:
            client.sends(line)
            self._listen()

    def _other(self, client: Client, line: Message) -> str:
        me = client.session.who.name
        return line.params[0] if line.nick == me else line.nick

    def _listen(self) -> None:
        for client, lines in self.heard.items():
            for message in of(client.hears(), "PRIVMSG", "REDACT"):
                lines.append(message)
                if message.command == "REDACT":
                    self.redacted.add(message.params[1])

    # What must be so

    @invariant()
    def nobody_unauthenticated_hears_anything(self) -> None:
        assert self.stranger.hears() == []
        assert self.stranger.session.state is State.CONNECTED

    @invariant()
    def what_was_heard_is_in_the_log_in_its_order(self) -> None:
        """From whom it says it is; and nothing that could not be stored."""
        log = {str(self.server.model.msgid(entry.seq)): entry for entry in self.server.log}
        for client, lines in self.heard.items():
            said = [line for line in lines if line.command == "PRIVMSG"]
            seqs = [log[line.tags["msgid"]].seq for line in said]
            assert seqs == sorted(seqs), client.nick
            # To oneself a message comes twice: as it is received, and as the echo of what was sent.
            others = [line.tags["msgid"] for line in said if line.params[0] != line.nick]
            assert len(others) == len(set(others)), client.nick
            for line in said:
                entry = log[line.tags["msgid"]]
                assert self.server.model.accounts[entry.sender].name == line.nick
                assert entry.text == line.params[1]

    @invariant()
    def what_can_be_read_is_what_the_log_has(self) -> None:
        """For each account and each place: no more, no less, in the one order."""
        readers = {client.session.who: client for client in self.heard}
        for account, client in readers.items():
            for where in (*CHANNELS, *NAMES):
                heard = client.says(f"CHATHISTORY LATEST {where} * 100")
                found = [line.params[1] for line in of(heard, "PRIVMSG")]
                assert found == [entry.text for entry in self._for(account, where)], where

    def _for(self, account: Account, where: str) -> list[Logged]:
        model = self.server.model
        if where in CHANNELS:
            channel = model.channels.get(where)
            if channel is None or account not in channel.members:
                return []
            target, after = channel.id, channel.members[account].seq
            if "H" in channel.modes:
                after = min(after, channel.history_from)
        else:
            direct = account.directs.get(self.server.account(where))
            target, after = (direct.id, 0) if direct else (0, 0)
        return [
            entry
            for entry in self.server.log
            if entry.target == target
            and entry.seq > after
            and entry.kind == "PRIVMSG"
            and str(model.msgid(entry.seq)) not in self.redacted
        ]


TestConversations = Conversations.TestCase
TestConversations.settings = settings(max_examples=80, stateful_step_count=40)
