"""What befalls chat servers and their PostgreSQL. Each returns when it is over."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from chaoslib.cluster import Server, go_on, kill, stop, wait_until
from chaoslib.cutter import AFTER, BEFORE
from chaoslib.network import Sockets
from chaoslib.nodes import END_SECONDS, Node
from chaoslib.stage import RESTART_SECONDS, Stage

DISPLACED_SECONDS = 20.0
"""Until a server that was displaced has noticed it."""

MANY = 5
"""Messages of which something is to be seen."""

BROKEN_END_SECONDS = 2.0
"""So long one is waited for that never does."""

PAUSE_SECONDS = 15.0
"""Longer than the others take to declare a node gone."""

HESITATION_SECONDS = (1.0, 8.0)

CUT_SECONDS = (1.0, 12.0)
"""Shorter, and longer, than a node serves people without its database."""

DELAY_SECONDS = 0.2
FULL_SECONDS = 3.0
SKEW_SECONDS = 3600.0
NODE_SKEW_SECONDS = 25.0
"""A node that is further off begins not at all."""


@dataclass(frozen=True)
class Fault:
    """needs: what there must be for it, of Stage.can. may_end: whether a node may end itself."""

    befall: Callable[[Stage], None]
    needs: frozenset[str] = frozenset()
    may_end: bool = False

    def fits(self, stage: Stage) -> bool:
        """Whether there is what it needs."""
        return self.needs <= stage.can


# Chat servers


def kill_node(stage: Stage) -> None:
    """A chat server dies of kill -9, and is started again after a second."""
    node = stage.node
    node.server.process.kill()
    node.server.ends()
    time.sleep(RESTART_SECONDS)
    stage.start(node)


def stop_node(stage: Stage) -> None:
    """One does nothing for 15 s, so that the others declare it gone, and goes on as if nothing had
    been.
    """
    server = stage.node.server
    server.tell(signal.SIGSTOP)
    time.sleep(PAUSE_SECONDS)
    server.tell(signal.SIGCONT)
    if stage.broken:
        time.sleep(BROKEN_END_SECONDS)


def pause_node(stage: Stage) -> None:
    """One does nothing for some seconds: it may be amid a turn, for which nobody waits."""
    server = stage.node.server
    server.tell(signal.SIGSTOP)
    time.sleep(stage.random.uniform(*HESITATION_SECONDS))
    server.tell(signal.SIGCONT)


def cut_off_node(stage: Stage) -> None:
    """One hears nothing of the primary any more, for a while."""
    stage.network.cut(stage.node.name, stage.cluster.primary.name)
    time.sleep(stage.random.uniform(*CUT_SECONDS))
    stage.network.heal()


def skew_clock(stage: Stage) -> None:
    """One is started with a clock that is wrong by up to 25 s, or an hour where it is the only one;
    then with the right one.
    """
    node = stage.node
    most = SKEW_SECONDS if len(stage.nodes) == 1 else NODE_SKEW_SECONDS
    node.skew = stage.random.uniform(-most, most)
    _restart(stage, node)
    stage.talk(2.0)
    node.skew = 0.0
    _restart(stage, node)


def restart_all(stage: Stage) -> None:
    """One after the other is told to end, and started again."""
    for node in stage.nodes:
        _restart(stage, node)


def _restart(stage: Stage, node: Node) -> None:
    node.server.tell(signal.SIGTERM)
    _start_when_ended(stage, node)


def _start_when_ended(stage: Stage, node: Node) -> None:
    code = node.server.process.wait(END_SECONDS)
    if code != 0:
        stage.findings.append(f"{node.name}, told to end, did so with {code}: {node.last_words()}")
    stage.start(node)


def drain_node(stage: Stage) -> None:
    """One is taken out of service: its people go to the others, it ends, and is started again."""
    node = stage.node
    stage.drain(node)
    _start_when_ended(stage, node)


def displace(stage: Stage) -> None:
    """The chat server is taken for dead, as it does nothing, and another one takes its place. Some
    go there; then the first one goes on, with the others still connected to it.
    """
    [node] = stage.nodes
    node.server.tell(signal.SIGSTOP)
    stage.cluster.end_connections()
    old = stage.replace(node)
    moved = {person: person.echoed for person in stage.people[::2]}
    for person in moved:
        person.must_move = True
    # So that the first one misses some.
    wait_until(
        lambda: all(person.echoed > before + MANY for person, before in moved.items()),
        "those who went to the new one talk there",
    )
    old.tell(signal.SIGCONT)
    end = time.monotonic() + (BROKEN_END_SECONDS if stage.broken else DISPLACED_SECONDS)
    while old.process.poll() is None:
        if time.monotonic() > end:
            stage.findings.append("a server that was displaced goes on")
            return
        time.sleep(0.05)


# The primary


def kill_primary(stage: Stage) -> None:
    """The primary dies; a standby takes over, and a new standby is made in its place."""
    stage.cluster.fail_over()


def lose_primary(stage: Stage) -> None:
    """Its machine is gone: nobody is told that its connections have ended."""

    def vanish(primary: Server) -> None:
        others = [node.name for node in stage.nodes]
        for name in (*others, *(standby.name for standby in stage.cluster.standbys)):
            stage.network.cut(name, primary.name)
        kill(primary)

    seconds = stage.random.uniform(*CUT_SECONDS)
    stage.cluster.fail_over(vanish, lambda: time.sleep(seconds))


def leave_primary_behind(stage: Stage) -> None:
    """It is cut off from its standbys and from all nodes but one; a standby takes over. Who watches
    over them ends the old one only some time later.
    """
    node = stage.node

    def isolate(primary: Server) -> None:
        others = [one.name for one in stage.nodes if one is not node]
        for name in (*others, *(standby.name for standby in stage.cluster.standbys)):
            stage.network.cut(name, primary.name)

    seconds = stage.random.uniform(*CUT_SECONDS)
    stage.cluster.fail_over(isolate, lambda: time.sleep(seconds))


def kill_primary_standbys_behind(stage: Stage) -> None:
    """The primary dies when its standbys have heard nothing of it for some time."""
    seconds = stage.random.uniform(0.1, 0.5)

    def dies(primary: Server) -> None:
        stage.cluster.cut_off_standbys()
        _talk_on(stage)
        time.sleep(seconds)
        kill(primary)

    stage.cluster.fail_over(dies)


def kill_primary_twice(stage: Stage) -> None:
    """The same, but it comes back first, without any standby: what it has then may be on no other
    disk, and nobody may hear of it. Then it dies for good.
    """

    def dies(primary: Server) -> None:
        stage.cluster.cut_off_standbys()
        _talk_on(stage)
        stage.cluster.start_again(primary)
        _talk_on(stage)
        kill(primary)

    stage.cluster.fail_over(dies)


def _talk_on(stage: Stage) -> None:
    """Until somebody's message waits for a standby; where none does, they are acknowledged."""
    before = sum(one.echoed for one in stage.people)
    wait_until(
        lambda: (
            stage.cluster.waits_for_standby()
            or sum(one.echoed for one in stage.people) > before + MANY
        ),
        "somebody talks",
    )


def stop_primary(stage: Stage) -> None:
    """It does nothing for seconds, and goes on as if nothing had been."""
    primary = stage.cluster.primary
    stop(primary)
    time.sleep(stage.random.uniform(0.5, 4.0))
    go_on(primary)


def fill_disk(stage: Stage) -> None:
    """Its disk is full for some time."""
    primary = stage.cluster.primary
    ballast = Path(primary.data, "ballast")
    _fill(ballast)
    time.sleep(FULL_SECONDS)
    ballast.unlink()
    if not stage.cluster.is_up():
        stage.cluster.start_again(primary)


def _fill(ballast: Path) -> None:
    """A file as large as there is room for."""
    with ballast.open("wb") as file:
        room = os.fstatvfs(file.fileno())
        size, end = room.f_bavail * room.f_bsize, 0
        while size >= room.f_bsize:
            try:
                os.posix_fallocate(file.fileno(), end, size)
                end += size
            except OSError:  # somebody has taken of it meanwhile
                size //= 2


# The network


def cut_off_standbys(stage: Stage) -> None:
    """The primary hears nothing of a standby, or of all of them, for a while."""
    stage.cluster.cut_off_standbys(*stage.random.choice([(), stage.cluster.standbys[:1]]))
    time.sleep(stage.random.uniform(*CUT_SECONDS))
    stage.network.heal()


def slow_down(stage: Stage) -> None:
    """Whatever is said to PostgreSQL, and by it, takes 200 ms longer."""
    stage.network.slow_down(DELAY_SECONDS)
    stage.talk(5.0)
    stage.network.heal()


def cut(stage: Stage, when: str) -> None:
    """A node's connection to the primary ends in the middle of a commit."""
    assert isinstance(stage.network, Sockets)
    cutter = stage.network.cutter(stage.node.name, stage.cluster.primary.name)
    cutter.cut_at_next(when)
    if not cutter.has_cut.wait(10):
        stage.findings.append("nothing was committed for ten seconds")
    cutter.cut_at_next("")


def end_connections(stage: Stage) -> None:
    """An administrator of the database ends them."""
    stage.cluster.end_connections()


def end_wait(stage: Stage) -> None:
    """The standbys are silent, and a connection ends that waits for them: what it was to commit is
    stored, though nobody has heard so.
    """
    stage.cluster.cut_off_standbys()
    wait_until(stage.cluster.waits_for_standby, "something waits for a standby")
    stage.cluster.end_waits()
    stage.network.heal()


def cancel_wait(stage: Stage) -> None:
    """The standbys are silent, and an administrator ends the waits for them: what is on the
    primary's disk then may be on no other. Then the standbys go on; or the primary dies, unless
    there are other nodes, which have shown it by then (docs/cluster.md, Limits).
    """
    cluster = stage.cluster
    times, dies = stage.random.randint(1, 3), stage.random.random() < 0.5
    dies = dies and len(stage.nodes) == 1

    def cancel() -> None:
        cluster.cut_off_standbys()
        for _ in range(times):
            wait_until(cluster.waits_for_standby, "something waits for the standby")
            cluster.cancel_waits()
            time.sleep(0.1)

    def die(primary: Server) -> None:
        cancel()
        kill(primary)

    if dies:
        cluster.fail_over(die)
        return
    cancel()
    stage.network.heal()


def _needs(*what: str) -> frozenset[str]:
    return frozenset(what)


FAULTS: Final[dict[str, Fault]] = {
    "node-killed": Fault(kill_node),
    "node-stopped": Fault(stop_node, may_end=True),
    "node-paused": Fault(pause_node, may_end=True),
    "node-cut-off": Fault(cut_off_node, may_end=True),
    "clock-skewed": Fault(skew_clock),
    "rolling-restart": Fault(restart_all),
    "node-drained": Fault(drain_node, _needs("nodes")),
    "displaced": Fault(displace, _needs("one node")),
    "primary-killed": Fault(kill_primary),
    "primary-lost": Fault(lose_primary, may_end=True),
    "primary-left-behind": Fault(leave_primary_behind, _needs("nodes"), may_end=True),
    "primary-killed-standbys-behind": Fault(kill_primary_standbys_behind),
    "primary-killed-twice": Fault(kill_primary_twice, may_end=True),
    "primary-stopped": Fault(stop_primary),
    "disk-full": Fault(fill_disk, _needs("disk"), may_end=True),
    "standbys-cut-off": Fault(cut_off_standbys, may_end=True),
    "slow": Fault(slow_down, _needs("delay")),
    "cut-before-commit": Fault(partial(cut, when=BEFORE), _needs("cutter")),
    "cut-after-commit": Fault(partial(cut, when=AFTER), _needs("cutter")),
    "connections-ended": Fault(end_connections),
    "wait-ended": Fault(end_wait),
    "wait-cancelled": Fault(cancel_wait, may_end=True),
}

LOST: Final = r"echoed to \w+ and not stored|seen by \w+ and not stored"
MISSED: Final = r"missed by \w+|never told to \w+|\w+ and not stored|stored twice"


@dataclass(frozen=True)
class Weakness:
    """shown_by: the faults that show it; the first one that fits. finding: what is found then."""

    shown_by: tuple[str, ...]
    finding: str


WEAKNESSES: Final[dict[str, Weakness]] = {
    "no-quorum": Weakness(("primary-killed-standbys-behind",), LOST),
    "no-barrier": Weakness(("primary-killed-twice",), LOST),
    "unknown-failed": Weakness(("wait-ended",), r"refused to \w+ and stored all the same"),
    "unknown-stored": Weakness(("cut-before-commit", "primary-killed-standbys-behind"), LOST),
    "epoch-unchecked": Weakness(("displaced", "node-stopped"), MISSED),
}
"""Each way to break it on purpose."""

LONG: Final = {
    "node-killed": 200,
    "primary-killed": 100,
    "node-cut-off": 25,
    "standbys-cut-off": 25,
    "node-stopped": 50,
    "node-drained": 50,
}
"""What is done before a release, and how often."""
