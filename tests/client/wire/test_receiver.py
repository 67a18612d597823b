"""The receiving thread: Client."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from securechat.client.exits import Exit
from securechat.client.session.actions import Quit, Say
from securechat.client.session.deliveries import MAX_WAITING
from securechat.client.session.events.answers import InquiryAnswer
from securechat.client.session.events.base import ClientEvent, Info
from securechat.client.session.events.connection import Delayed, LoginRefused, Lost, Ready, Stopped
from securechat.client.session.events.deliveries import Doubt, Stored, Unconfirmed
from securechat.client.session.events.messages import Said
from securechat.client.session.handshake import REGISTRATION
from securechat.client.session.identity import AccountRequest, Address, Login
from securechat.client.session.liveness import Backoff
from securechat.client.session.session import ClientSession
from securechat.client.trust.authorities import Dialer, Origin, Trust
from securechat.client.wire import receiver, stream
from securechat.client.wire.receiver import INBOX, Client, Early
from securechat.client.wire.rounds import Reconnect
from tests.client.scripted import GOOD, OFFER, PASSWORD, RULES, Peer, ScriptedServer, registers
from tests.support.certificates import Authority

PATIENCE = 20.0
ALICE = Login("alice", PASSWORD)
Files = tuple[Path, Path]


class Ear:
    """Takes events, and lets a test wait for one."""

    def __init__(self) -> None:
        self.events: list[ClientEvent] = []
        self._new: queue.SimpleQueue[ClientEvent] = queue.SimpleQueue()

    def __call__(self, events: Sequence[ClientEvent]) -> None:
        for event in events:
            self.events.append(event)
            self._new.put(event)

    def hears(self, wanted: type[ClientEvent]) -> ClientEvent:
        """The next event of this type."""
        while True:
            event = self._new.get(timeout=PATIENCE)
            if isinstance(event, wanted):
                return event


def client_of(
    server: ScriptedServer, authority: Authority, *, reconnect: Reconnect = Reconnect.ALWAYS
) -> tuple[Client, Ear]:
    """A client of a scripted server that comes back at once."""
    dialer = Dialer(server.address, Trust(authority.pem, Origin.FILE))
    backoff = Backoff(lambda: 0.0)
    backoff.next = lambda: 0.001  # type: ignore[method-assign]
    client = Client(ClientSession(ALICE), dialer, reconnect=reconnect, backoff=backoff)
    ear = Ear()
    client.attach(ear)
    client.start()
    return client, ear


def ends(client: Client) -> Stopped:
    """How the client ended."""
    stopped = client.join(PATIENCE)
    assert stopped is not None
    return stopped


def say(client: Client, *texts: str) -> None:
    for text in texts:
        assert client.submit(Say("#lobby", text))


def test_a_whole_session(certificate: Files, authority: Authority) -> None:
    """Log in, say something, see it come back, leave."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #lobby hello")
        peer.echoes("hello")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        client, ear = client_of(server, authority)
        assert client.wait_ready() is None
        say(client, "hello")
        ear.hears(Said)
        client.submit(Quit())
        assert ends(client) == Stopped(Exit.OK)
    assert ear.events[-1] == Stopped(Exit.OK)


def test_a_ping_is_answered_while_the_person_does_nothing(
    certificate: Files, authority: Authority
) -> None:
    """By the receiving thread, with the server's token."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.says("PING :are you there")
        peer.expects("PONG :are you there")
        peer.says("NOTICE alice :thank you")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        client, ear = client_of(server, authority)
        assert ear.hears(Info) == Info("thank you")
        client.submit(Quit())
        ends(client)


def test_a_lost_connection_is_replaced(certificate: Files, authority: Authority) -> None:
    """It is told, what was typed meanwhile is sent, and what the replay lacks is sent again."""

    def first(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #lobby stored", "PRIVMSG #lobby lost")

    def second(peer: Peer) -> None:
        peer.logs_in(
            "alice",
            "BATCH +m0 chathistory #lobby",
            f"@batch=m0;msgid=1 :{peer.source('alice')} PRIVMSG #lobby :stored",
            "BATCH -m0",
        )
        peer.expects("PRIVMSG #lobby lost")
        peer.echoes("lost")
        peer.quits()

    with ScriptedServer(certificate, first, second) as server:
        client, ear = client_of(server, authority)
        client.wait_ready()
        say(client, "stored", "lost")
        assert ear.hears(Lost) == Lost("the server closed the connection", 0.001)
        assert ear.hears(Ready) == Ready("alice", again=True)
        client.submit(Quit(patience=PATIENCE))
        assert ends(client).code is Exit.OK
    doubts = [(one.text, one.doubt) for one in ear.events if isinstance(one, Unconfirmed)]
    assert doubts == [("stored", Doubt.CUT), ("lost", Doubt.CUT), ("lost", Doubt.RESENT)]


def test_a_first_connection_that_fails_is_not_tried_again(authority: Authority) -> None:
    """The person is told at once; the port of nobody refuses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address("127.0.0.1", listener.getsockname()[1])
    client = Client(ClientSession(ALICE), Dialer(address, Trust(authority.pem, Origin.FILE)))
    client.start()
    stopped = client.wait_ready()
    assert stopped is not None
    assert stopped.code is Exit.UNREACHABLE
    assert f"can't connect to {address}: nothing listens there" in stopped.text


def test_a_refused_login_ends_everything(certificate: Files, authority: Authority) -> None:
    """With the server's words."""

    def dialogue(peer: Peer) -> None:
        peer.greets("alice")
        peer.authenticates("alice")
        peer.says("904 alice :wrong account or password")
        peer.expects("QUIT")

    with ScriptedServer(certificate, dialogue) as server:
        client, _ = client_of(server, authority)
        assert client.wait_ready() == Stopped(
            Exit.LOGIN,
            "wrong account or password",
            LoginRefused("wrong account or password", "password", reason="904"),
        )


def test_a_refused_login_ends_the_reconnecting(certificate: Files, authority: Authority) -> None:
    """And what was typed is shown a last time."""

    def first(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #lobby hello")

    def second(peer: Peer) -> None:
        peer.greets("alice")
        peer.authenticates("alice")
        peer.says("904 alice :disabled")
        peer.expects("QUIT")

    with ScriptedServer(certificate, first, second) as server:
        client, ear = client_of(server, authority)
        client.wait_ready()
        say(client, "hello")
        assert ends(client).code is Exit.LOGIN
    assert Unconfirmed("#lobby", "hello", Doubt.UNKNOWN) in ear.events


def test_another_certificate_ends_the_reconnecting(
    certificate: Files, authority: Authority, other_authority: Authority, tmp_path: Path
) -> None:
    """Nothing is sent to it."""
    other = other_authority.server("localhost").write(tmp_path, "other")

    def first(peer: Peer) -> None:
        peer.logs_in("alice")

    with ScriptedServer(certificate, first) as server, ScriptedServer(other) as intruder:
        addresses = [server.address, intruder.address]
        trusted = Trust(authority.pem, Origin.PIN)

        def dial() -> ssl.SSLSocket:
            return Dialer(addresses.pop(0), trusted)()

        backoff = Backoff(lambda: 0.0)
        backoff.next = lambda: 0.001  # type: ignore[method-assign]
        client = Client(ClientSession(ALICE), dial, backoff=backoff)
        client.start()
        stopped = ends(client)
    assert stopped.code is Exit.CERTIFICATE
    assert (intruder.refusals, intruder.looks) == (1, 1)


def test_without_reconnecting_a_loss_is_the_end(certificate: Files, authority: Authority) -> None:
    """As in `send`."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")

    with ScriptedServer(certificate, dialogue) as server:
        client, _ = client_of(server, authority, reconnect=Reconnect.NEVER)
        client.wait_ready()
        assert ends(client) == Stopped(Exit.UNREACHABLE, "the server closed the connection")


def test_attempts_that_fail_are_repeated(certificate: Files, authority: Authority) -> None:
    """Until the server is back; each is told."""

    def first(peer: Peer) -> None:
        peer.logs_in("alice")

    def second(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    with ScriptedServer(certificate, first, second) as server:
        trusted = Trust(authority.pem, Origin.PIN)
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            closed = Address("localhost", nobody.getsockname()[1])
        addresses = [server.address, closed, closed, server.address]
        backoff = Backoff(lambda: 0.0)
        backoff.next = lambda: 0.001  # type: ignore[method-assign]
        client = Client(
            ClientSession(ALICE), lambda: Dialer(addresses.pop(0), trusted)(), backoff=backoff
        )
        ear = Ear()
        client.attach(ear)
        client.start()
        assert [type(ear.hears(Lost)) for _ in range(3)] == [Lost] * 3
        ear.hears(Ready)
        client.submit(Quit())
        ends(client)


def test_a_bug_ends_with_a_word(authority: Authority) -> None:
    """And hangs nobody who waits."""

    def dial() -> ssl.SSLSocket:
        raise ZeroDivisionError("of all things")

    client = Client(ClientSession(ALICE), dial)
    client.start()
    stopped = client.wait_ready()
    assert stopped is not None
    assert "ZeroDivisionError" in stopped.text


class Gate:
    """A dial() that hangs until it is opened, and fails then."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.reached = threading.Event()

    def __call__(self) -> ssl.SSLSocket:
        self.reached.set()
        self.opened.wait(PATIENCE)
        raise ZeroDivisionError


@pytest.fixture
def hanging() -> tuple[Client, Gate]:
    gate = Gate()
    client = Client(ClientSession(ALICE), gate)
    client.start()
    assert gate.reached.wait(PATIENCE)
    return client, gate


def test_the_inbox_is_bounded(hanging: tuple[Client, Gate]) -> None:
    """A caller that won't wait is told that it is full; one that waits is let go at the end."""
    client, gate = hanging
    assert [client.submit(Say("#x", "y")) for _ in range(INBOX + 1)] == [True] * INBOX + [False]
    waiting = threading.Thread(target=lambda: client.submit(Say("#x", "y"), wait=True))
    waiting.start()
    gate.opened.set()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()
    ends(client)
    assert client.submit(Say("#x", "late")) is False


def test_a_script_waits_for_a_slow_server(certificate: Files, authority: Authority) -> None:
    """More lines than all queues hold together arrive in their order."""
    count = MAX_WAITING + INBOX + 200

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        for number in range(count):
            peer.expects(f"PRIVMSG #lobby {number}")
            peer.echoes(str(number))
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        client, _ = client_of(server, authority)
        client.wait_ready()
        for number in range(count):
            assert client.submit(Say("#lobby", str(number)), wait=True)
        client.submit(Quit(patience=PATIENCE), wait=True)
        assert ends(client).code is Exit.OK


def test_our_own_events_stand_among_the_others(hanging: tuple[Client, Gate]) -> None:
    """tell() is a way for the input thread to show something."""
    client, gate = hanging
    ear = Ear()
    client.attach(ear)
    client.tell(Info("hello", remote=False))
    gate.opened.set()
    ends(client)
    assert ear.events[0] == Info("hello", remote=False)


def test_a_login_that_is_held_back_is_told_at_once(
    certificate: Files, authority: Authority
) -> None:
    """To who waits for it, before it is decided."""
    told = threading.Event()

    def dialogue(peer: Peer) -> None:
        peer.greets("alice")
        assert peer.authenticates("alice")
        peer.says("NOTE AUTHENTICATE WAIT 4 :Many guesses; please wait")
        assert told.wait(PATIENCE)
        peer.welcomes()
        peer.quits()

    texts: list[str] = []

    def tell(event: Early) -> None:
        assert isinstance(event, Delayed)
        texts.append(event.text)
        told.set()

    with ScriptedServer(certificate, dialogue) as server:
        client, ear = client_of(server, authority)
        assert client.wait_ready(tell) is None
        assert client.wait_ready() is None
        client.submit(Quit())
        ends(client)
    assert texts == ["Many guesses; please wait"]
    assert not any(isinstance(event, Delayed) for event in ear.events)


def test_a_reconnection_that_is_held_back_is_told_among_the_messages(
    certificate: Files, authority: Authority
) -> None:
    """As nobody waits for it."""

    def first(peer: Peer) -> None:
        peer.logs_in("alice")

    def second(peer: Peer) -> None:
        peer.greets("alice")
        assert peer.authenticates("alice")
        peer.says("NOTE AUTHENTICATE WAIT 0 :Please wait")
        peer.welcomes()
        peer.quits()

    with ScriptedServer(certificate, first, second) as server:
        client, ear = client_of(server, authority)
        assert ear.hears(Delayed) == Delayed("Please wait", 0)
        ear.hears(Ready)
        client.submit(Quit())
        ends(client)


def test_answers_to_an_inquiry_are_kept_from_the_screen(
    certificate: Files, authority: Authority
) -> None:
    """While somebody waits for them; at other times they are shown."""
    asked = threading.Event()

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        assert asked.wait(PATIENCE)
        peer.says("NOTE TOKEN CREATED laptop secret :Keep it")
        peer.expects("PRIVMSG #lobby next")
        peer.says("NOTE TOKEN REVOKED laptop :Gone")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        client, ear = client_of(server, authority)
        assert client.wait_ready() is None
        with client.replies() as replies:
            asked.set()
            reply = replies.get(timeout=PATIENCE)
            assert reply is not None
            assert reply.context == ("laptop", "secret")
        say(client, "next")
        assert ear.hears(InquiryAnswer) == InquiryAnswer(
            "NOTE", "TOKEN", "REVOKED", ("laptop",), "Gone"
        )
        client.submit(Quit(patience=0.0))
        ends(client)
    assert sum(isinstance(event, InquiryAnswer) for event in ear.events) == 1


def test_answers_that_nobody_takes_are_not_kept_without_end(
    certificate: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile server sends them while a code is being typed."""
    monkeypatch.setattr(receiver, "MAX_REPLIES", 10)

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #lobby begin")
        peer.says(*["NOTE TOKEN ENTRY x y z :Another"] * 50)
        peer.echoes("begin")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        client, ear = client_of(server, authority)
        assert client.wait_ready() is None
        with client.replies() as replies:
            say(client, "begin")
            ear.hears(Said)
            assert replies.qsize() == 10
        client.submit(Quit())
        ends(client)


def test_who_waits_for_an_answer_is_told_of_the_end(
    certificate: Files, authority: Authority
) -> None:
    """While waiting, and when it is over already."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #lobby hello")

    with ScriptedServer(certificate, dialogue) as server:
        client, _ = client_of(server, authority, reconnect=Reconnect.NEVER)
        assert client.wait_ready() is None
        with client.replies() as replies:
            say(client, "hello")
            assert replies.get(timeout=PATIENCE) is None
        ends(client)
        with client.replies() as replies:
            assert replies.get(timeout=PATIENCE) is None


# -- a server with several addresses


class Node:
    """Waits that were made between rounds, and a client of several scripted servers."""

    def __init__(self, *servers: ScriptedServer, trusted: Trust) -> None:
        self.waits = 0
        self.dialer = Dialer([server.address for server in servers], trusted)
        self._backoff = Backoff(lambda: 0.0)
        self._backoff.next = self._wait  # type: ignore[method-assign]

    def _wait(self) -> float:
        self.waits += 1
        return 0.001

    def client(
        self,
        credential: Login | AccountRequest = ALICE,
        reconnect: Reconnect = Reconnect.ALWAYS,
        clock: Callable[[], float] = time.monotonic,
    ) -> tuple[Client, Ear]:
        session = ClientSession(credential)
        client = Client(
            *(session, self.dialer),
            rounds=self.dialer.rounds,
            reconnect=reconnect,
            backoff=self._backoff,
            clock=clock,
        )
        ear = Ear()
        client.attach(ear)
        client.start()
        return client, ear


def nobody() -> ScriptedServer:
    """One that listens nowhere: only its address is of use."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = object.__new__(ScriptedServer)
    server.address = Address("localhost", port)
    return server


def test_the_talk_goes_on_at_another_address(certificate: Files, authority: Authority) -> None:
    """The first dies with something said and not confirmed: it is said once more at the second, at
    once, and what that replays isn't shown twice.
    """

    def first(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #lobby one")
        peer.echoes("one", tags="msgid=1")
        peer.expects("PRIVMSG #lobby two")

    def second(peer: Peer) -> None:
        peer.logs_in(
            "alice",
            "BATCH +m0 chathistory #lobby",
            f"@batch=m0;msgid=1 :{peer.source('alice')} PRIVMSG #lobby :one",
            "BATCH -m0",
        )
        peer.expects("PRIVMSG #lobby two")
        peer.echoes("two", tags="msgid=2")
        peer.quits()

    with ScriptedServer(certificate, first) as one, ScriptedServer(certificate, second) as other:
        node = Node(one, other, trusted=Trust(authority.pem, Origin.PIN))
        client, ear = node.client()
        client.wait_ready()
        say(client, "one", "two")
        assert ear.hears(Lost) == Lost("the server closed the connection", 0.0)
        assert ear.hears(Ready) == Ready("alice", again=True)
        client.submit(Quit(patience=PATIENCE))
        assert ends(client).code is Exit.OK
    assert [event.text for event in ear.events if isinstance(event, Said)] == ["one", "two"]
    assert node.waits == 0
    assert node.dialer.rounds.current == other.address


def test_a_first_login_goes_to_whom_it_can(certificate: Files, authority: Authority) -> None:
    """One is off, one hangs up before it says who it is, and nothing is told of a connection that
    was never there.
    """

    def drops(peer: Peer) -> None:
        peer.expects("CAP LS 302")

    def serves(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    with ScriptedServer(certificate, drops) as one, ScriptedServer(certificate, serves) as other:
        node = Node(nobody(), one, other, trusted=Trust(authority.pem, Origin.PIN))
        client, ear = node.client()
        assert client.wait_ready() is None
        client.submit(Quit())
        ends(client)
    assert not any(isinstance(event, Lost) for event in ear.events)
    assert node.waits == 0


def test_there_is_a_wait_behind_each_whole_round(certificate: Files, authority: Authority) -> None:
    """And none within it: with one address off, a server that lets us in twice and drops us is
    asked three times, with two waits.
    """

    def drops(peer: Peer) -> None:
        peer.logs_in("alice")

    def serves(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    with ScriptedServer(certificate, drops, drops, serves) as server:
        node = Node(server, nobody(), trusted=Trust(authority.pem, Origin.PIN))
        client, ear = node.client()
        seconds = []
        for _ in range(4):
            lost = ear.hears(Lost)
            assert isinstance(lost, Lost)
            seconds.append(lost.seconds)
        ear.hears(Ready)
        client.submit(Quit())
        assert ends(client).code is Exit.OK
    assert seconds == [0.0, 0.001, 0.0, 0.001]
    assert node.waits == 2


def test_who_does_not_reconnect_tries_the_rest_of_the_round(
    certificate: Files, authority: Authority
) -> None:
    """As `send`: what is said goes to another address, and where that is off too it is the end."""

    def first(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #lobby hello")

    with ScriptedServer(certificate, first, first) as server:
        addresses = Node(server, nobody(), trusted=Trust(authority.pem, Origin.PIN))
        client, _ = addresses.client(reconnect=Reconnect.ELSEWHERE)
        client.wait_ready()
        say(client, "hello")
        stopped = ends(client)
        assert stopped.code is Exit.UNREACHABLE
        assert "nothing listens there" in stopped.text
        never, _ = addresses.client(reconnect=Reconnect.NEVER)
        never.wait_ready()
        say(never, "hello")
        assert ends(never).text == "the server closed the connection"
    assert addresses.waits == 0


def test_a_refused_login_is_not_tried_elsewhere(certificate: Files, authority: Authority) -> None:
    """It is one server, and another guess would cost another one. The next attempt begins there."""

    def refuses(peer: Peer) -> None:
        peer.refuses("alice", "904 alice :wrong account or password")

    with ScriptedServer(certificate, refuses, refuses) as one, ScriptedServer(certificate) as other:
        node = Node(one, other, trusted=Trust(authority.pem, Origin.PIN))
        for _ in range(2):
            client, _ = node.client()
            stopped = client.wait_ready()
            assert stopped is not None
            assert stopped.code is Exit.LOGIN
            ends(client)
    assert (other.looks, other.refusals) == (0, 0)


@pytest.mark.parametrize("sent", [False, True])
def test_an_account_is_not_made_twice(
    certificate: Files, authority: Authority, *, sent: bool
) -> None:
    """Once the registration is on its way nobody knows what became of it; before that it begins
    anew at another address.
    """

    def dies(peer: Peer) -> None:
        if sent:
            peer.greets("alice", f"{OFFER} {REGISTRATION}=before-connect")
            peer.expects(f"REGISTER * CODE12345 :{PASSWORD}")
        else:
            peer.expects("CAP LS 302")

    def makes(peer: Peer) -> None:
        registers(peer, "alice", "CODE12345")
        peer.quits()

    dialogues = [] if sent else [makes]
    with (
        ScriptedServer(certificate, dies) as one,
        ScriptedServer(certificate, *dialogues) as other,
    ):
        node = Node(one, other, trusted=Trust(authority.pem, Origin.PIN))
        client, _ = node.client(AccountRequest("alice", PASSWORD, "CODE12345"))
        stopped = client.wait_ready()
        assert (stopped.code if stopped else None) is (Exit.UNREACHABLE if sent else None)
        client.submit(Quit())
        ends(client)
    assert other.looks == 0


def test_what_is_asked_of_a_registration_may_be_asked_elsewhere(
    certificate: Files, authority: Authority
) -> None:
    """Whether code and name are good: that makes no account."""

    def dies(peer: Peer) -> None:
        peer.greets("alice", f"{OFFER} {REGISTRATION}={RULES}")
        peer.expects("REGISTER * CODE12345 :")

    def answers(peer: Peer) -> None:
        peer.is_asked("alice", "CODE12345", GOOD)

    with ScriptedServer(certificate, dies) as one, ScriptedServer(certificate, answers) as other:
        node = Node(one, other, trusted=Trust(authority.pem, Origin.PIN))
        client, _ = node.client(AccountRequest("alice", "", "CODE12345"))
        stopped = client.wait_ready()
        assert stopped is not None
        assert stopped.code is Exit.LOGIN


def test_a_connection_that_held_is_looked_for_at_its_own_address_first(
    certificate: Files, authority: Authority
) -> None:
    """At once: the round begins anew, and the server may have been started again."""
    later, now = threading.Event(), 0.0

    def held(peer: Peer) -> None:
        peer.logs_in("alice")
        assert later.wait(PATIENCE)

    def again(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    with ScriptedServer(certificate, held, again) as one, ScriptedServer(certificate) as other:
        node = Node(one, other, trusted=Trust(authority.pem, Origin.PIN))
        client, ear = node.client(clock=lambda: now)
        assert client.wait_ready() is None
        now = receiver.STEADY
        later.set()
        assert ear.hears(Lost) == Lost("the server closed the connection", 0.0)
        assert ear.hears(Ready) == Ready("alice", again=True)
        client.submit(Quit())
        ends(client)
    assert (node.waits, other.looks) == (0, 0)


def test_a_client_learns_of_other_addresses_once_it_is_in(
    certificate: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anybody hears that it is; and from then on the system looks whether the host is still
    there, as with several from the beginning.
    """
    watched: list[object] = []
    monkeypatch.setattr(stream, "watch", watched.append)
    tells = "005 alice securechat/ADDRESSES=b.example,c.example:443 :are supported"
    later = "005 alice securechat/ADDRESSES=b.example :are supported"

    def tells_twice(peer: Peer) -> None:
        peer.logs_in("alice", tells)
        peer.expects("PRIVMSG #lobby one")
        peer.says(later)
        peer.echoes("one")
        peer.quits()

    others = (Address("b.example"), Address("c.example", 443))
    with ScriptedServer(certificate, tells_twice) as server:
        node = Node(server, trusted=Trust(authority.pem, Origin.PIN))
        rounds = node.dialer.rounds
        client, ear = node.client()
        assert client.wait_ready() is None
        told = rounds.told
        assert told == others
        assert rounds.addresses == (server.address, *others)
        assert len(watched) == 1
        say(client, "one")
        ear.hears(Stored)
        told = rounds.told
        assert told == others[:1]
        client.submit(Quit(patience=PATIENCE))
        assert ends(client).code is Exit.OK


def test_who_tells_nothing_is_known_to_have_one_address(
    certificate: Files, authority: Authority
) -> None:
    """And who has let nobody in, to have told nothing."""

    def silent(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    with ScriptedServer(certificate, silent) as server:
        node = Node(server, trusted=Trust(authority.pem, Origin.PIN))
        client, _ear = node.client()
        assert client.wait_ready() is None
        assert node.dialer.rounds.told == ()
        client.submit(Quit())
        ends(client)
    refused = Node(nobody(), trusted=Trust(authority.pem, Origin.PIN))
    client, _ear = refused.client()
    assert client.wait_ready() is not None
    assert refused.dialer.rounds.told is None
