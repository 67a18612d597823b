"""One process of the load: many users on one epoll, told what to do through a pipe."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from benchlib import comings, orders
from benchlib.floor import Floor
from benchlib.link import LostError
from benchlib.rounds import Rounds
from benchlib.stream import WrongError


def work(pipe: Connection, target: orders.Target) -> None:
    """The process: carries out orders until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    try:
        _serve(Floor(pipe, target))
    except (LostError, WrongError) as error:
        with suppress(OSError):  # the parent has given up because of another process
            pipe.send(orders.Failure(str(error)))
    except (EOFError, OSError):
        pass  # the parent has ended


def _serve(floor: Floor) -> None:
    """Raises EOFError when the pipe is closed, LostError and WrongError when all is lost."""
    acts = _acts(floor)
    while True:
        floor.pump_until_called()
        floor.called = False
        order = floor.pipe.recv()
        floor.pipe.send(acts[type(order)](order))


def _acts(floor: Floor) -> dict[type, Callable[[Any], orders.Answer]]:
    rounds = Rounds(floor)
    return {
        orders.Connect: partial(comings.connect, floor),
        orders.LogIn: partial(comings.log_in, floor),
        orders.Return: partial(comings.come_back, floor),
        orders.Brace: partial(comings.brace, floor),
        orders.SeeOut: partial(comings.see_out, floor),
        orders.Seat: lambda order: rounds.seat(order.talkers),
        orders.Prepare: rounds.prepare,
        orders.Talk: rounds.talk,
        orders.Expect: rounds.expect,
        orders.Hush: lambda order: None,
    }
