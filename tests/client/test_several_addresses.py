"""Our client and our server, which is reached at two addresses: one of them dies."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from securechat.client.api.opening import connect
from securechat.client.commands import assemble, history, registering
from securechat.client.commands.assemble import Setup
from securechat.client.commands.login_flow import LoggedIn
from securechat.client.credentials.login_credentials import Sources
from securechat.client.exits import Exit
from securechat.client.session.actions import Action, Quit, Say
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import Lost, Ready
from securechat.client.session.events.deliveries import Stored
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Address
from securechat.client.session.stretch import Stretch
from securechat.client.settings import SettingsDirectory
from securechat.client.wire.rounds import Reconnect
from securechat.credentials.link import InviteLink
from tests.client.keyboard import Keyboard
from tests.support.client import Client
from tests.support.server import PASSWORD, ServerUnderTest, config, running
from tests.support.ways import Way, ways

PATIENCE = 20.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    with running(tmp_path_factory.mktemp("server"), "alice", "robot") as server:
        yield server


@pytest.fixture
def nodes(server: ServerUnderTest) -> Iterator[Sequence[Way]]:
    with ways(server.port) as nodes:
        yield nodes


@pytest.fixture
def alice(server: ServerUnderTest) -> Iterator[Client]:
    alice = server.member("alice", tags=())
    yield alice
    alice.hangs_up()


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    file.chmod(0o600)
    return file


@pytest.fixture
def setup(server: ServerUnderTest, settings_directory: Path, password_file: Path) -> Setup:
    sources = Sources(password_file=password_file)
    return Setup(SettingsDirectory(settings_directory), sources, server.ca, person=Keyboard())


def where(nodes: Sequence[Way], account: str = "robot") -> str:
    return f"{account}@" + ",".join(f"localhost:{node.port}" for node in nodes)


class Ear:
    """Takes events, and lets a test wait for one."""

    def __init__(self, running: LoggedIn) -> None:
        self.events: list[ClientEvent] = []
        self._new: queue.SimpleQueue[ClientEvent] = queue.SimpleQueue()
        running.client.attach(self._take)

    def _take(self, events: Sequence[ClientEvent]) -> None:
        for event in events:
            self.events.append(event)
            self._new.put(event)

    def hears(self, wanted: type[ClientEvent]) -> ClientEvent:
        while not isinstance(event := self._new.get(timeout=PATIENCE), wanted):
            pass
        return event


def said(alice: Client) -> list[str]:
    """What alice hears of robot's, each as it was said."""
    lines = alice.hears()
    return [line.partition(" :")[2] for line in lines if "PRIVMSG" in line and "robot!" in line]


@pytest.mark.parametrize("reconnect", [Reconnect.ALWAYS, Reconnect.ELSEWHERE])
def test_nothing_is_lost_and_nothing_doubled(
    setup: Setup, nodes: Sequence[Way], alice: Client, reconnect: Reconnect
) -> None:
    """The first node has stored a message and dies before it could say so: the second one knows
    that it is stored, and takes what comes then.
    """
    running = assemble.log_in(setup, where(nodes), missed=Missed.LEFT, reconnect=reconnect)
    ear = Ear(running)
    running.client.submit(Say("#lobby", f"one {reconnect.name}"))
    ear.hears(Stored)
    nodes[0].mute = True
    running.client.submit(Say("#lobby", f"two {reconnect.name}"))
    assert nodes[0].swallowed.wait(PATIENCE)
    nodes[0].dies()
    lost = ear.hears(Lost)
    assert isinstance(lost, Lost)
    assert lost.seconds == 0.0
    assert ear.hears(Ready) == Ready("robot", again=True)
    running.client.submit(Say("#lobby", f"three {reconnect.name}"))
    running.client.submit(Quit(patience=PATIENCE))
    stopped = running.client.join(PATIENCE)
    assert stopped is not None
    assert stopped.code is Exit.OK
    expected = [f"{number} {reconnect.name}" for number in ("one", "two", "three")]
    stored = [event.text for event in ear.events if isinstance(event, Stored)]
    assert stored == expected
    assert said(alice) == expected
    assert (nodes[0].came, nodes[1].came) == (1, 1)


def test_the_next_login_begins_where_the_last_one_was(setup: Setup, nodes: Sequence[Way]) -> None:
    """The profile keeps all addresses, and knows the one that worked, for who names the server by
    one of them or by none.
    """
    nodes[0].dies()
    for place in (where(nodes), f"robot@localhost:{nodes[0].port}", None):
        running = assemble.log_in(setup, place, missed=Missed.LEFT)
        running.client.submit(Quit())
        running.client.join(PATIENCE)
        order = assemble.destination(setup, place).dialer.rounds.begin()
        assert order == [Address("localhost", node.port) for node in (nodes[1], nodes[0])]
    assert nodes[1].came == 3
    [known] = setup.settings.known()
    assert known.everywhere == where(nodes)
    assert setup.settings.server([known.address]).first == Address("localhost", nodes[1].port)


def test_an_account_is_made_at_whatever_address(
    server: ServerUnderTest, nodes: Sequence[Way], settings_directory: Path, password_file: Path
) -> None:
    """By a link with both, and the profile has them; its code is used up once."""
    with server.admin() as admin:
        code = admin.invites.make(uses=1, expires_ms=1 << 50, now_ms=1, admin=False, note="for zoe")
        server.wait_for(admin.in_effect)
    nodes[0].dies()
    (first, second) = [("localhost", node.port) for node in nodes]
    link = InviteLink(*first, code, server.service.identity.ca_sha256, (second,))
    sources = Sources(password_file=password_file)
    setup = Setup(SettingsDirectory(settings_directory), sources, person=Keyboard())
    running = registering.register(setup, InviteLink.parse(str(link)), "zoe")
    running.client.submit(Quit())
    running.client.join(PATIENCE)
    [known] = setup.settings.known()
    assert known.everywhere == where(nodes, "zoe")
    assert setup.settings.pin(known.address) is not None
    assert setup.settings.trusted(Address(*second)) is None


def test_a_page_of_the_history_is_asked_for_once_more(
    setup: Setup, nodes: Sequence[Way], alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the other node, when the first dies with the question."""
    alice.says("PRIVMSG #lobby :to be read")
    running = assemble.log_in(
        setup, where(nodes), missed=Missed.LEFT, reconnect=Reconnect.ELSEWHERE
    )
    nodes[0].doomed = True
    submitted, submit = [], running.client.submit

    def counted(action: Action, *, wait: bool = False) -> bool:
        submitted.append(action)
        return submit(action, wait=wait)

    monkeypatch.setattr(running.client, "submit", counted)
    found = history.read(running, Stretch("#lobby", 1))
    assert [message.text for message in found] == ["to be read"]
    assert len(submitted) == 2  # and not again and again until somebody is there
    running.client.submit(Quit())
    running.client.join(PATIENCE)


def test_a_program_goes_on_at_the_other_node(
    server: ServerUnderTest, nodes: Sequence[Way], alice: Client, tmp_path: Path
) -> None:
    """It is given each message once, and what it sends is stored once."""
    options = {"password": PASSWORD, "ca": server.ca, "config_dir": tmp_path / "config"}
    with connect(where(nodes), **options) as robot:  # type: ignore[arg-type]
        alice.says("PRIVMSG #lobby :before")
        first = robot.receive(PATIENCE)
        nodes[0].dies()
        alice.says("PRIVMSG #lobby :meanwhile")
        sent = robot.send("#lobby", "from robot").result(PATIENCE)
        alice.says("PRIVMSG #lobby :after")
        given = [first, robot.receive(PATIENCE), robot.receive(PATIENCE)]
    assert [message.text for message in given if message] == ["before", "meanwhile", "after"]
    assert sent.text == "from robot"
    assert nodes[1].came == 1


# -- who knows one address only, and a server that tells the others


def told(server: ServerUnderTest, nodes: Sequence[Way]) -> None:
    """The administrator names these addresses in the configuration."""
    places = [f"localhost:{node.port}" for node in nodes]
    server.service.reload(config(server={"addresses": places}))


def logged_in(setup: Setup, place: str | None) -> tuple[LoggedIn, Ear]:
    running = assemble.log_in(setup, place, missed=Missed.LEFT, reconnect=Reconnect.ALWAYS)
    return running, Ear(running)


def says(running: LoggedIn, ear: Ear, text: str) -> None:
    running.client.submit(Say("#lobby", text))
    stored = ear.hears(Stored)
    assert isinstance(stored, Stored)
    assert stored.text == text


def leaves(running: LoggedIn) -> None:
    running.client.submit(Quit(patience=PATIENCE))
    stopped = running.client.join(PATIENCE)
    assert stopped is not None
    assert stopped.code is Exit.OK


@pytest.fixture
def telling(tmp_path: Path, password_file: Path) -> Iterator[tuple[ServerUnderTest, Setup]]:
    """A server whose configuration changes, and what a person on a new device has."""
    with running(tmp_path / "server", "robot") as server:
        settings = SettingsDirectory(tmp_path / "config")
        sources = Sources(password_file=password_file)
        yield server, Setup(settings, sources, server.ca, person=Keyboard())


def test_who_came_by_one_address_is_back_by_another(telling: tuple[ServerUnderTest, Setup]) -> None:
    """Its node dies: the talk goes on at the other one, of which the server has told. So it is at
    the next start, for who types nothing, or the address that is dead.
    """
    server, setup = telling
    with ways(server.port) as nodes:
        told(server, nodes)
        first, second = (Address("localhost", node.port) for node in nodes)
        running, ear = logged_in(setup, f"robot@{first}")
        [known] = setup.settings.known()
        assert (known.address, known.further) == (first, (second,))
        assert setup.settings.trusted(second) is None
        nodes[0].dies()
        lost = ear.hears(Lost)
        assert isinstance(lost, Lost)
        assert lost.seconds == 0.0
        assert ear.hears(Ready) == Ready("robot", again=True)
        says(running, ear, "here I am")
        leaves(running)
        for place in (None, f"robot@{first}"):
            running, ear = logged_in(setup, place)
            says(running, ear, "and again")
            leaves(running)
        assert (nodes[0].came, nodes[1].came) == (1, 3)
        assert setup.settings.known()[0].everywhere == f"robot@{first},{second}"


def test_a_node_more_is_told_to_who_is_there(telling: tuple[ServerUnderTest, Setup]) -> None:
    """Once the configuration is read again; the profile has it from the next login on."""
    server, setup = telling
    with ways(server.port) as nodes:
        first, second = (Address("localhost", node.port) for node in nodes)
        running, ear = logged_in(setup, f"robot@{first}")
        assert setup.settings.server([first]).addresses == (first,)
        other = server.member("robot")
        told(server, nodes)
        server.wait_for(lambda: any("securechat/ADDRESSES" in line for line in other.hears()))
        says(running, ear, "what was told before this is known")
        nodes[0].dies()
        assert ear.hears(Ready) == Ready("robot", again=True)
        leaves(running)
        assert nodes[1].came == 1
        running, _ = logged_in(setup, f"robot@{first},{second}")
        leaves(running)
        assert setup.settings.server([first]).told == (second,)


def test_an_account_that_is_made_at_one_address_has_the_others(
    telling: tuple[ServerUnderTest, Setup],
) -> None:
    """By an invite of an older server, say, that a person has kept."""
    server, setup = telling
    with ways(server.port) as nodes, server.admin() as admin:
        told(server, nodes)
        code = admin.invites.make(uses=1, expires_ms=1 << 50, now_ms=1, admin=False, note="")
        server.wait_for(admin.in_effect)
        pin = server.service.identity.ca_sha256
        link = InviteLink("localhost", nodes[0].port, code, pin)
        setup.ca_file = None
        leaves(registering.register(setup, link, "zoe"))
        [known] = setup.settings.known()
        assert known.further == (Address("localhost", nodes[1].port),)


def test_a_program_is_back_by_another_address(
    telling: tuple[ServerUnderTest, Setup], tmp_path: Path
) -> None:
    """`connect()` by one; each message is stored once."""
    server, _setup = telling
    with ways(server.port) as nodes:
        told(server, nodes)
        options = {"password": PASSWORD, "ca": server.ca, "config_dir": tmp_path / "bot"}
        with connect(f"robot@localhost:{nodes[0].port}", **options) as robot:  # type: ignore[arg-type]
            robot.send("#lobby", "one").result(PATIENCE)
            nodes[0].dies()
            assert robot.send("#lobby", "two").result(PATIENCE).text == "two"
        assert nodes[1].came == 1
