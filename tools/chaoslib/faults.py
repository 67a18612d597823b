"""What befalls a chat server and its PostgreSQL. Each returns when it is over."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from chaoslib.cluster import go_on, stop, wait_until
from chaoslib.cutter import AFTER, BEFORE
from chaoslib.stage import Stage

END_SECONDS = 20.0
"""Until a server that was displaced has noticed it."""

MANY = 5
"""Messages of which something is to be seen."""

BROKEN_END_SECONDS = 2.0
"""So long one is waited for that never does."""


def kill_chat(stage: Stage) -> None:
    """The chat server dies of kill -9, and is started again."""
    stage.chat.process.kill()
    stage.chat.ends()
    stage.start_chat()


def kill_primary(stage: Stage) -> None:
    """The primary dies; the standby takes over, and a new standby is made in its place."""
    stage.cluster.fail_over()


def kill_primary_standby_behind(stage: Stage) -> None:
    """The same, while the standby has heard nothing for some time."""
    seconds, before = stage.random.uniform(0.1, 0.5), sum(one.echoed for one in stage.people)

    def talk_on() -> None:
        """Until their messages wait for it; where they don't, they are acknowledged."""
        wait_until(
            lambda: (
                stage.cluster.waits_for_standby()
                or sum(one.echoed for one in stage.people) > before + MANY
            ),
            "somebody talks",
        )
        time.sleep(seconds)

    stage.cluster.fail_over_behind(talk_on)


def stop_primary(stage: Stage) -> None:
    """It does nothing for seconds, and goes on as if nothing had been."""
    primary = stage.cluster.primary
    stop(primary)
    time.sleep(stage.random.uniform(0.5, 4.0))
    go_on(primary)


def cut(stage: Stage, when: str) -> None:
    """The connection between the two ends in the middle of a commit."""
    cutter = stage.cluster.cutter
    cutter.cut_at_next(when)
    if not cutter.has_cut.wait(10):
        stage.findings.append("nothing was committed for ten seconds")
    cutter.cut_at_next("")


def end_connections(stage: Stage) -> None:
    """An administrator of the database ends them."""
    stage.cluster.end_connections()


def cancel_wait(stage: Stage) -> None:
    """The standby is silent, and an administrator ends the waits for it: what is on the primary's
    disk then may be on no other. Then the standby goes on; or the primary dies.
    """
    cluster, standby = stage.cluster, stage.cluster.standby
    times, dies = stage.random.randint(1, 3), stage.random.random() < 0.5

    def cancel() -> None:
        for _ in range(times):
            wait_until(cluster.waits_for_standby, "something waits for the standby")
            cluster.cancel_waits()
            time.sleep(0.1)

    if dies:
        cluster.fail_over_behind(cancel)
        return
    stop(standby)
    try:
        cancel()
    finally:
        go_on(standby)


def displace(stage: Stage) -> None:
    """The chat server is taken for dead, as it does nothing, and another one takes its place. Some
    go there; then the first one goes on, with the others still connected to it.
    """
    stage.chat.tell(signal.SIGSTOP)
    stage.cluster.end_connections()
    old = stage.replace_chat()
    moved = {person: person.echoed for person in stage.people[::2]}
    for person in moved:
        person.must_move = True
    # So that the first one misses some.
    wait_until(
        lambda: all(person.echoed > before + MANY for person, before in moved.items()),
        "those who went to the new one talk there",
    )
    old.tell(signal.SIGCONT)
    end = time.monotonic() + (BROKEN_END_SECONDS if stage.broken else END_SECONDS)
    while old.process.poll() is None:
        if time.monotonic() > end:
            stage.findings.append("a server that was displaced goes on")
            return
        time.sleep(0.05)


FAULTS: Final[dict[str, Callable[[Stage], None]]] = {
    "chat-killed": kill_chat,
    "primary-killed": kill_primary,
    "primary-killed-standby-behind": kill_primary_standby_behind,
    "primary-stopped": stop_primary,
    "cut-before-commit": partial(cut, when=BEFORE),
    "cut-after-commit": partial(cut, when=AFTER),
    "connections-ended": end_connections,
    "wait-cancelled": cancel_wait,
    "displaced": displace,
}

WEAKNESSES: Final = {
    "no-quorum": "primary-killed-standby-behind",
    "unknown-failed": "cut-after-commit",
    "unknown-stored": "cut-before-commit",
    "epoch-unchecked": "displaced",
}
"""Each way to break it on purpose, and the fault that must show it."""
