"""Several nodes: a script as of session.py is played at nodes with people at each, and at one node
that has all of them. After each turn all nodes have the same model, and everybody has heard at
theirs what they have heard at the one.

Beside what session.py knows a step may be

    K1           the node at place 1 stops, with all who are there
    O            what comes next is said before its node has the head, and what comes then first
    Qkind {…}    the administrator asks for something, with its facts as JSON
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby, islice
from typing import Any, cast

from securechat.core.administration import requests
from securechat.core.administration.requests import Request
from securechat.core.auth import totp
from securechat.core.jobs import JobFailed, LogRead, ReadLog
from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events.accounts import AccountCreated
from securechat.core.journal.events.things import made_by, needed_by
from securechat.core.model.entities import Account
from securechat.core.model.states import State
from securechat.core.nodes.turns import LOST
from securechat.core.turn import Turn
from securechat.irc import names
from securechat.server.loading import account_of
from securechat.store.errors import ConflictError, DamagedError, StoreError
from securechat.store.sql.reader import Reader
from securechat.store.sql.rows import AccountRow
from tests.fuzz.fuzzed_rules import (
    _GIVEN,
    _KIND,
    _PLACEHOLDER,
    CERTIFICATE,
    MEMBERS,
    SETTINGS,
    WITH_CERTIFICATE,
    AdminContext,
    Secrets,
    furnish,
)
from tests.fuzz.session import loudly
from tests.support.pictures import differences, picture, waiting
from tests.support.rules import RIGHT, RulesLink
from tests.support.rules_nodes import NodesUnderTest, NodeUnderTest, node_of

MAX_STEPS = 200
MAX_SECONDS = 5000
ADDRESSES = 4
IO_THREADS = 2
PLACES = (0, 1, 2, 1, 1, 0, 1, 2, 0, 1)
"""Where each connection is; the two of alice, who are 0 and 4, at two places."""

LATE = (2, 4, 6)
"""Who comes to a node that begins later, when they come anew."""

FORGOTTEN = (
    *("login_places", "enrolments", "logins", "departures", "wrong_keys", "renames", "reported"),
    *("administered", "departed", "most_online", "throttle", "policy_told_ms", "devices"),
    *("signed_on_ms", "login_name", "is_bot"),
)
"""What a node that begins doesn't know of the time before: it is in memory alone."""

CALLED = {"sessions": "sessions", "logout": "logout", "rename": "user rename"}


class Play:
    """places: so many nodes there are. together: all people are at the first one nevertheless, so
    that there is nobody for the others to tell of.
    """

    def __init__(self, places: int, *, together: bool = False) -> None:
        self.places = places
        self.together = together
        self.alive = list(range(places))
        """The places whose node has not stopped."""
        self.damaged: set[int] = set()
        self.name_is_taken = self.bad_log = False
        self.given: dict[tuple[str, str], str] = {}
        self.heard: dict[int, list[str]] = {}
        self.people: dict[int, Person] = {}
        number = 1 if together else places
        self.nodes = NodesUnderTest(number=number, furnish=furnish, **SETTINGS)
        secrets = Secrets()
        for node in self.nodes:
            node.rules.vault = secrets
        self.nodes.refuses = self._refused
        for who, (name, caps) in enumerate(MEMBERS):
            lines = [f"CAP REQ :{caps}", f"PASS {name}:{RIGHT}", f"NICK {name}"]
            lines += [f"USER {name} 0 * :{name.title()}", "CAP END"]
            self.turn([f"{who}{line}".encode() for line in lines])
            self.turn([f"{who}JOIN #a,#b".encode()])

    def place(self, who: int) -> int:
        """Where a connection is."""
        place = PLACES[who] % self.places
        if self.places in self.alive and who in LATE:
            return self.places
        # Who was at a node that has stopped comes to another one.
        return place if place in self.alive else self.alive[place % len(self.alive)]

    def node(self, who: int) -> NodeUnderTest:
        """The node that a new connection comes to."""
        there = self.nodes.nodes
        return there[0] if self.together else there[self.alive.index(self.place(who))]

    def begins(self) -> None:
        """One more node begins, to which some come from now on."""
        self.nodes.begins()
        self.alive.append(self.places)

    def person(self, who: int) -> Person:
        """The connection of a number; a new one in the place of one that has gone."""
        found = self.people.get(who)
        if found is None or found.session.state is State.CLOSED:
            found = self.people[who] = Person(self, self.node(who), who)
        return found

    def hears(self, who: int, line: str) -> None:
        """A connection has heard a line."""
        self.heard.setdefault(who, []).append(line)

    # A turn

    def turn(self, steps: Sequence[bytes]) -> dict[int, list[str]]:
        """Steps that fall into one turn; what each connection has heard in it, and in what follows
        from it.
        """
        self.heard = {}
        if _is_said(steps[0]):
            self._run(self._with_people(steps))
            if any(b"PONG" in step or b"QUIT" in step for step in steps):
                # What has arrived is told within the second; who came before would be given it
                # again.
                self.nodes.passes(0)
        else:
            for step in steps:
                self._happens(step[:1], step[1:])
        self._end_closed()
        return self.heard

    def overlap(self, first: Sequence[bytes], second: Sequence[bytes]) -> dict[int, list[str]]:
        """As turn(), of two: the first is run before its node has the head, as far as that goes,
        and the second, at another node, has its place before it.
        """
        self.heard = {}
        before, after = self._with_people(first), self._with_people(second)
        # What workers do would have turns of its own between the two.
        busy, self.nodes.busy = self.nodes.busy, True
        if self.together:
            self._run(after)
            self._run(before)
        else:
            said = [(person.session, step[1:]) for person, step in before]
            with node_of(said[0][0]).ahead(said):
                self._run(after)
        self.nodes.busy = busy
        if not busy:
            self.nodes.work()
        self._end_closed()
        return self.heard

    def can_overlap(self, groups: Sequence[Sequence[bytes]]) -> bool:
        """Whether they are two, of people at two nodes, whose lines don't depend on what was before
        them, or on a look that all have at the time.
        """
        if len(groups) != 2 or not all(_is_said(step) for group in groups for step in group):
            return False
        first, second = groups
        if any(step[:1] == b"c" or b"$" in step for step in first):
            return False
        if any(b"PONG" in step or b"QUIT" in step for step in (*first, *second)):
            return False
        there = [[self.people.get(_who(step)) for step in group] for group in groups]
        if any(one is None or one.session.state is State.CLOSED for one in chain(*there)):
            return False
        places = [{node_of(one.session).epoch for one in group if one} for group in there]
        return len(places[0]) == 1 and places[0].isdisjoint(places[1])

    def _with_people(self, steps: Sequence[bytes]) -> Sequence[tuple[Person, bytes]]:
        return [(self.person(_who(step)), step) for step in steps]

    def _run(self, steps: Sequence[tuple[Person, bytes]]) -> None:
        with node_of(steps[0][0].session).turn() as turn:
            for person, step in steps:
                self._does(turn, person, step)

    def _does(self, turn: Turn, person: Person, step: bytes) -> None:
        rules = node_of(person.session).rules
        if step[:1] == b"c":
            rules.closed(turn, person.session, "Connection lost")
        else:
            rules.line(turn, person.session, self._filled_in(person, step[1:]))
            rules.go_on(turn, person.session, lambda: True)

    def _end_closed(self) -> None:
        """The connections of those that were closed are gone."""
        for _, person in sorted(self.people.items()):
            node = node_of(person.session)
            if person.session.state is State.CLOSED and person.session in node.model.sessions:
                with node.turn() as turn:
                    node.rules.closed(turn, person.session, "Connection lost")

    def _happens(self, letter: bytes, rest: bytes) -> None:
        nodes = self.nodes
        if letter == b"t":
            nodes.passes(min(_number(rest), MAX_SECONDS))
        elif letter == b"D":
            self.damaged.add(_number(rest))
        elif letter == b"F":
            nodes.full = True
        elif letter == b"R":
            self.name_is_taken = True
        elif letter == b"K":
            self._dies(_number(rest) % self.places)
        elif letter == b"A":
            verb, _, name = rest.decode("utf-8", "replace").partition(" ")
            self._administers(verb, name)
        elif letter == b"Q":
            kind, _, facts = rest.decode().partition(" {")
            self._asks(kind, json.loads("{" + facts))
        else:
            self._works(letter)

    def _works(self, letter: bytes) -> None:
        nodes = self.nodes
        if letter == b"B":
            nodes.busy = True
        elif letter == b"W":
            nodes.busy = False
            nodes.work()
        elif letter in (b"X", b"M") and nodes.jobs:
            job = nodes.jobs.pop(0)
            node = node_of(job.session)
            if letter == b"M":
                node.answer(node.do(job))
            elif isinstance(job, ReadLog):
                node.answer(LogRead(job.session, job.lookup, None))
            else:
                node.answer(JobFailed(job.session))

    def _dies(self, place: int) -> None:
        self.nodes.passes(1)  # what was to be stored within the second is stored
        if place not in self.alive or len(self.alive) == 1:
            return
        gone = {who: one for who, one in self.people.items() if self.place(who) == place}
        first = self.nodes.nodes[0]
        if self.together:
            with first.turn() as turn:
                for one in gone.values():
                    first.rules.closed(turn, one.session, LOST)
        else:
            self.nodes.dies(self.nodes.nodes[self.alive.index(place)])
        self.alive.remove(place)
        for who in gone:
            del self.people[who]
            self.heard.pop(who, None)

    def _administers(self, verb: str, name: str) -> None:
        node = self.nodes.nodes[0]
        account = node.model.account_named(name)
        if (account is None) != (verb == "add"):
            return
        if verb == "free" and account is not None and account.directs:
            return  # the name stays with whom somebody has written to
        made = self._new_row(verb, name)
        number = account.id if account is not None else made.id
        if verb in CALLED:
            facts = {"account": number, "session": None, "name": name[::-1]}
            self._asks(CALLED[verb], facts)
            return
        before = self.nodes.full, self.damaged
        self.nodes.full, self.damaged = False, set()

        def found(node: NodeUnderTest) -> Reader:
            there = node.model.accounts.get(number) or account_of(made)
            return cast(Reader, Administered(verb, there))

        node.administers(found)
        self.nodes.full, self.damaged = before

    def _new_row(self, verb: str, name: str) -> AccountRow:
        """Of an account that the administrator makes."""
        number = next(self.nodes.ids) if verb == "add" else 0
        forms, seq = names.account_name(name), self.nodes.nodes[0].model.last_seq
        shown = forms.display, forms.folded, forms.skeleton
        return AccountRow(number, *shown, 0, 0, 0, 0, seq, 0, "", "", None)

    def _asks(self, kind: str, facts: dict[str, Any]) -> None:
        with self.nodes.nodes[0].turn() as turn:
            requests.answer(turn, Request(1, kind, "os:root", facts))

    # The store

    def _refused(self, events: Sequence[JournalEvent]) -> StoreError | None:
        things = [thing for e in events for thing in (*needed_by(e), *made_by(e))]
        places = {key for kind, key in things if kind == "target"}
        if not self.damaged.isdisjoint(places):
            return DamagedError("the database is damaged")
        if self.name_is_taken and any(isinstance(event, AccountCreated) for event in events):
            self.name_is_taken = False
            return ConflictError("the name is taken")
        return None

    # Secrets

    def _filled_in(self, person: Person, line: bytes) -> bytes:
        account = person.session.account
        model = node_of(person.session).model
        owners = [account] if account is not None else list(model.accounts.values())
        last = max((one.seq for one in node_of(person.session).log), default=0)
        line = line.replace(b"$LAST", str(model.msgid(last)).encode())
        line = line.replace(b"$SEQ", str(last).encode())
        return _PLACEHOLDER.sub(lambda found: self._secret(person, found[0], owners), line)

    def _secret(self, person: Person, placeholder: bytes, owners: Sequence[Account]) -> bytes:
        kind = _KIND[placeholder]
        keys = [(kind, str(owner.id)) for owner in owners]
        found = next((self.given[key] for key in keys if key in self.given), None)
        if found is None:
            return placeholder
        if kind == "SECRET":
            step = node_of(person.session).now_ms // totp.STEP_MS
            return totp.code_of(base64.b32decode(found), step)
        return found.encode()

    def check(self, *, late: bool = False) -> None:
        """All nodes have the same model. late: but for what the last one can't know."""
        first, *others = self.nodes.nodes
        without = waiting(self.nodes)
        one = picture(first, without)
        for other in others:
            found = list(differences(one, picture(other, without)))
            if late:
                found = [text for text in found if not _is_forgotten(text)]
            assert not found, f"node {first.epoch} and {other.epoch} differ:\n" + "\n".join(found)


class Administered(AdminContext):
    """What a reader finds in the database after one act of the administrator: also where an account
    was made, or its name given free.
    """

    def account(self, number: int) -> AccountRow | None:  # type: ignore[override]
        return None if self._verb == "free" else super().account(number)


class Person(RulesLink):
    """A connection, which hears for the play."""

    def __init__(self, play: Play, node: NodeUnderTest, who: int) -> None:
        self._play = play
        self._who = who
        certificate = CERTIFICATE if who == WITH_CERTIFICATE else None
        super().__init__(node, certificate, who % IO_THREADS, f"192.0.2.{who % ADDRESSES}")

    def take(self, data: bytes) -> None:
        """Every line is kept for comparison, and secrets for later."""
        for line in data.decode().removesuffix("\r\n").split("\r\n"):
            self._play.hears(self._who, line)
            found = _GIVEN.search(line)
            if found and self.session.account is not None:
                kind = found["token"] or found["totp"] or found["sessions"]
                self._play.given[kind, str(self.session.account.id)] = found["given"]


def _who(step: bytes) -> int:
    return int(step[:1]) if step[:1].isdigit() else min(_number(step[1:]), 9)


def _is_said(step: bytes) -> bool:
    """Whether somebody says it, or goes."""
    return step[:1].isdigit() or step[:1] == b"c"


def _number(text: bytes) -> int:
    return int(text) if text.isdigit() and len(text) < 8 else 0


def turns(steps: Sequence[bytes], place: Callable[[int], int]) -> Iterator[list[bytes]]:
    """Each step alone, or several in braces, of which those at one place fall into one turn."""
    together: list[bytes] | None = None
    for step in [*steps, b"}"]:
        if step == b"{":
            together = together or []
        elif step == b"}":
            for _, found in groupby(together or [], lambda one: _where(one, place)):
                yield list(found)
            together = None
        elif together is not None:
            together.append(step)
        elif step:
            yield [step]


def _where(step: bytes, place: Callable[[int], int]) -> int:
    return place(_who(step)) if _is_said(step) else -1


def _is_forgotten(difference: str) -> bool:
    return not {*difference.partition(":")[0].split("/")}.isdisjoint(FORGOTTEN)


def play(steps: Sequence[bytes], places: int) -> None:
    """Play a script at nodes and at one, and compare."""
    with loudly():
        there, alone = Play(places), Play(places, together=True)
        there.check()
        found = turns(steps, there.place)
        for done in found:
            if done == [b"O"]:
                _play_two(there, alone, [*islice(found, 2)])
            else:
                _play_one(there, alone, done)
        for last in ([b"W"], [b"t1"]):
            heard, expected = there.turn(last), alone.turn(last)
            there.check()
            compare(heard, expected, by_clock=True, loosely=there.nodes.failed)


def _play_one(there: Play, alone: Play, done: Sequence[bytes]) -> None:
    heard, expected = there.turn(done), alone.turn(done)
    there.check()
    by_clock = done[0][:1] == b"t"
    compare(heard, expected, by_clock=by_clock, loosely=there.nodes.failed)


def _play_two(there: Play, alone: Play, groups: Sequence[Sequence[bytes]]) -> None:
    if not there.can_overlap(groups):
        for done in groups:
            _play_one(there, alone, done)
        return
    heard, expected = there.overlap(*groups), alone.overlap(*groups)
    there.check()
    compare(heard, expected, loosely=there.nodes.failed)


def play_late(steps: Sequence[bytes], further: Sequence[bytes]) -> None:
    """Play a script at two nodes, then begin one more, and play a further one at all three."""
    with loudly():
        there = Play(2)
        for done in turns(steps, there.place):
            there.turn(done)
        if any(node.model.lingering for node in there.nodes):
            return
        there.begins()
        there.check(late=True)
        for done in turns(further, there.place):
            there.turn(done)
            there.check(late=True)


def compare(
    heard: dict[int, list[str]],
    expected: dict[int, list[str]],
    *,
    by_clock: bool = False,
    loosely: bool = False,
) -> None:
    """Everybody hears what they would hear at one node. by_clock: each node does by itself what is
    due, so that it comes in another order, and who is timed out may hear of it or not. loosely:
    something could not be stored, and is put back last in its place.
    """
    for who in sorted({*heard, *expected}):
        own, other = [[*map(_shown, one.get(who, []))] for one in (heard, expected)]
        if by_clock and any(line.startswith("ERROR ") for line in other):
            assert any(line.startswith("ERROR ") for line in own), f"{who} goes on"
            continue
        for place in {_place(line) for line in [*own, *other]}:
            found = [line for line in own if _place(line) == place]
            wanted = [line for line in other if _place(line) == place]
            if loosely:
                found, wanted = [*map(_names, found)], [*map(_names, wanted)]
            if by_clock or loosely:
                found, wanted = sorted(found), sorted(wanted)
            assert found == wanted, "\n  ".join(
                [f"{who} hears of {place!r}", *found, "and would at one node", *wanted]
            )


def _names(line: str) -> str:
    """Members and channels are in another order where something could not be stored."""
    if line[:1] == "@":
        tags, _, line = line.partition(" ")
        return f"{tags} {_names(line)}"
    head, _, rest = line.partition(" :")
    if " 353 " in head or " 319 " in head:
        return f"{head} :{' '.join(sorted(rest.split()))}"
    # 265 and 266 tell how many there were at most: a login that could not be stored was counted.
    return head.split(" ")[1] if {"265", "266"} & {*head.split(" ")[1:2]} else line


_HEARD = re.compile(r"(NOTE SESSIONS ENTRY (?:\S+ ){4})\S+( .* last heard )\S{20}")


def _shown(line: str) -> str:
    """Without what is told by each node for itself: connections that are not logged in, and when a
    session was heard last.
    """
    if " 253 " in line:
        return line.partition(" 253 ")[0]
    return _HEARD.sub(r"\1\2", line)


def _place(line: str) -> str:
    """The channel that a line is about: between two of them there is no order."""
    if line[:1] == "@":
        line = line.partition(" ")[2]
    words = line.split(" :")[0].split(" ")
    return next((word for word in words if word.lstrip("@~+")[:1] == "#"), "")


_SAID = (
    "PRIVMSG #a :hi", "PRIVMSG #b :hi", "PRIVMSG alice :hi", "PRIVMSG bob,carol,#a :x",
    "NOTICE dave :x", "PRIVMSG @#a :rank", "NOTICE +#a :rank", "PRIVMSG #a :\x01VERSION\x01",
    "@+react=x TAGMSG #a", "@+typing=active TAGMSG #a", "@+typing=active TAGMSG alice",
    "@label=1 PRIVMSG #a :labelled", "@label=2 WHOIS alice", "@label=3 JOIN #c",
    "@label=4 NAMES #a", "@label=5 PRIVMSG alice :to alice", "@label=6 TAGMSG #a",
    "@label=7 PART #c",
    "@securechat/key=7 PRIVMSG #a :keyed", "@securechat/key=8 PRIVMSG alice :keyed",
    "BATCH +m draft/multiline #a", "@batch=m PRIVMSG #a :one", "@batch=m PRIVMSG #a :two",
    "@batch=m;draft/multiline-concat PRIVMSG #a :three", "BATCH -m",
    "BATCH +m draft/multiline alice", "@batch=m PRIVMSG alice :one", "@batch=m PRIVMSG alice :two",
    "JOIN #a", "JOIN #c", "JOIN #d key", "PART #a :bye", "PART #c", "KICK #a bob :out",
    "KICK #a alice,carol :out", "INVITE dave #a", "INVITE bob #c", "TOPIC #a :tea", "TOPIC #a",
    "MODE #a +o bob", "MODE #a +qov carol carol dave", "MODE #a -o alice", "MODE #a +v boss",
    "MODE #a +b bob!*@*", "MODE #a +b $a:carol", "MODE #a -b bob!*@*", "MODE #a +e bob!*@*",
    "MODE #a +I dave!*@*", "MODE #a b", "MODE #a +m", "MODE #a -m", "MODE #a +s", "MODE #a -s",
    "MODE #a +i", "MODE #a -i", "MODE #a +k key", "MODE #a -k key", "MODE #a +l 3", "MODE #a +H",
    "MODE #a +C", "MODE #c +s", "MODE alice +i", "MODE bob +B", "MODE carol -i",
    "RENAME #c #e :so", "RENAME #a #f", "RENAME #f #a", "AWAY :out", "AWAY *", "AWAY",
    "SETNAME :Somebody Else", "NICK ALICE", "NICK Alice", "NICK BOB", "NICK alice",
    "METADATA * SET url :http://x", "METADATA * SET url", "METADATA #a SET color :red",
    "METADATA * SUB url color", "METADATA * UNSUB url", "METADATA * SUBS", "METADATA #a SYNC",
    "METADATA alice LIST", "METADATA * CLEAR", "METADATA #a CLEAR",
    "MONITOR + alice,bob,dave,zed", "MONITOR - bob", "MONITOR C", "MONITOR S", "MONITOR L",
    "MARKREAD #a timestamp=2023-11-14T22:13:30.000Z", "MARKREAD #a", "MARKREAD alice *",
    "MARKREAD bob timestamp=2023-11-14T22:13:21.000Z", "REDACT #a $LAST", "REDACT #a $LAST :why",
    "WHO #a %tcuihsnfdlaor,7", "WHO *", "WHOIS alice", "WHOIS bob", "WHOIS dave", "WHOWAS alice",
    "WHOWAS bob 1", "NAMES #a", "NAMES #lobby", "LIST", "LUSERS", "ISON alice bob carol dave boss",
    "USERHOST alice bob", "CAP LS 302", "CAP LIST",
    "CAP REQ :echo-message message-tags server-time batch labeled-response draft/multiline",
    "CAP REQ :draft/metadata-3 batch", "CAP REQ :-echo-message", "CAP REQ :securechat/key",
    "CAP REQ :away-notify extended-monitor setname account-notify chghost invite-notify",
    "CAP REQ :znc.in/self-message draft/channel-rename draft/message-redaction draft/read-marker",
    "CAP REQ :securechat/administration multi-prefix no-implicit-names draft/pre-away",
    "CAP REQ :standard-replies account-tag extended-join userhost-in-names",
    "TOKEN CREATE laptop", "TOKEN CREATE phone BIND", "TOKEN REVOKE laptop", "TOKEN REVOKE phone",
    "TOKEN LIST", "SESSIONS LIST", "SESSIONS END $SESSION", "SESSIONS END others", "TOTP ENROLL",
    "TOTP CONFIRM $CODE", "TOTP REMOVE $CODE", "TOTP STATUS", "TOTP RECOVERY $CODE",
    "PASSWD :another fine password", "CERT LIST", "CERT ADD work", "CERT DEL work",
    "CERT DEL laptop",
    "REPORT bob :bad", "REPORT alice #a :worse", "PONG :delivered-$SEQ", "PONG :delivered-$SEQ",
    "AUTHENTICATE PLAIN", "AUTHENTICATE AGFsaWNlAHJpZ2h0", "AUTHENTICATE AGJvYgByaWdodA==",
    "PING x", "QUIT :bye", "QUIT", "CHATHISTORY LATEST #a * 10", "CHATHISTORY TARGETS * * 5",
    'ADMINISTER sessions {"name":"bob"}', 'ADMINISTER logout {"name":"bob"}',
    'ADMINISTER channel ban {"channel": "#a", "who": "bob", "kick": true}',
    'ADMINISTER channel drop {"channel":"#a"}', 'ADMINISTER channel create {"channel":"#e"}',
    'ADMINISTER channel role {"channel":"#a","name":"bob","role":"owner"}',
)  # fmt: skip

_MESSAGES = tuple(
    line for line in _SAID if {"PRIVMSG", "NOTICE", "TAGMSG"} & {*line.split(" ")[:2]}
)

_ENTERS = (
    ("{w}AUTHENTICATE PLAIN", "{w}AUTHENTICATE AGFsaWNlAHJpZ2h0"),
    ("9AUTHENTICATE EXTERNAL", "9AUTHENTICATE +", "9NICK dave", "9USER d 0 * :D"),
    ("{w}CAP REQ :echo-message message-tags server-time batch", "{w}PASS {n}:right", "{w}NICK {n}",
     "{w}USER {n} 0 * :{n}", "{w}CAP END"),
    ("{w}CAP REQ :draft/metadata-3 batch draft/pre-away", "{w}AWAY *", "{w}PASS {n}:right",
     "{w}NICK {n}", "{w}METADATA * SUB url", "{w}USER {n} 0 * :{n}", "{w}CAP END"),
    ("{w}PASS {n}@phone:right", "{w}NICK {n}", "{w}USER {n} 0 * :{n}"),
    ("{w}PASS {n}:$TOKEN", "{w}NICK {n}", "{w}USER {n} 0 * :{n}"),
    ("{w}PASS {n}:right$CODE", "{w}NICK {n}", "{w}USER {n} 0 * :{n}"),
    ("{w}PASS {n}:wrong", "{w}NICK {n}", "{w}USER {n} 0 * :{n}"),
    ("{w}NICK zed", "{w}USER z 0 * :Zed", "{w}REGISTER * * :a fine password"),
)  # fmt: skip

_ELSE = (
    "c{w}", "t1", "t1", "t5", "t31", "t70", "t700", "F", "R", "D1", "D2", "B", "W", "W", "X", "M",
    "K1", "K2", "K0",
    "Adelete {n}", "Adisable {n}", "Aenable {n}", "Aadmin {n}", "Auser {n}", "Abot {n}",
    "Afree {n}",
    "Aadd new{w}", "Apassword {n}", "Atokens {n}", "Acertificates dave", "Asessions {n}",
    "Alogout {n}", "Afactor {n}", "Arename {n}",
    'Qannounce {"lines": ["hear"], "seconds": 60}', 'Qannounce {"lines": ["now"], "seconds": null}',
    'Qannouncement end {"number": 1}',
    'Qaddress ban {"address": "192.0.2.{w}", "seconds": 60, "reason": "x", "force": false}',
    'Qaddress unban {"address": "192.0.2.{w}"}',
    'Qchannel drop {"channel": "#a", "reason": ""}',
    'Qchannel add {"channel": "#a", "names": ["{n}", "dave"]}',
    'Qchannel kick {"channel": "#a", "name": "{n}", "reason": ""}',
    'Qchannel ban {"channel": "#a", "who": "{n}", "kick": true, "reason": ""}',
    'Qchannel role {"channel": "#a", "name": "{n}", "role": "operator"}',
    'Qchannel create {"channel": "#n", "owner": "{n}", "topic": "x", "modes": "s"}',
    'Qchannel rename {"channel": "#a", "to": "#f", "reason": ""}',
    'Qchannel topic {"channel": "#a", "topic": "of the admin"}',
    'Qreport close {"number": 1}',
)  # fmt: skip


def scenes(choose: Callable[[Sequence[Any]], Any]) -> Iterator[bytes]:
    """Steps that belong together: what one does. choose: one of several, by chance."""
    who, name = choose(range(10)), choose(("alice", "alice", "bob", "carol", "dave", "boss"))
    what = choose((_SAID,) * 14 + (_ENTERS,) * 3 + (_ELSE,) * 3)
    found = choose(what)
    lines = [f"{who}{found}"] if what is _SAID else [*found] if what is _ENTERS else [found]
    if choose((True, False, False, False)):  # what comes next has its place before these
        first = choose([one for one in range(10) if one != who])
        said = [f"{first}{choose(_MESSAGES)}" for _ in range(choose((1, 1, 2, 3)))]
        yield from (line.encode() for line in ["O", "{", *said, "}"])
    together = len(lines) > 1 and choose((True, False, False))
    for line in ["{", *lines, "}"] if together else lines:
        yield line.replace("{w}", str(who)).replace("{n}", name).encode()
