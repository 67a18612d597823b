"""One process of the load: many users on one epoll, told what to do through a pipe."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from benchlib import arrivals, asking, orders
from benchlib.client_loop import ClientLoop
from benchlib.link import LostError
from benchlib.rounds import Rounds
from benchlib.stream import WrongError


def work(pipe: Connection, target: orders.Target) -> None:
    """The process: carries out orders until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    try:
        _serve(ClientLoop(pipe, target))
    except (LostError, WrongError) as error:
        with suppress(OSError):  # the parent has given up because of another process
            pipe.send(orders.Failure(str(error)))
    except (EOFError, OSError):
        pass  # the parent has ended


def _serve(loop: ClientLoop) -> None:
    """Raises EOFError when the pipe is closed, LostError and WrongError when all is lost."""
    acts = _acts(loop)
    while True:
        loop.pump_until_called()
        loop.called = False
        order = loop.pipe.recv()
        loop.pipe.send(acts[type(order)](order))


def _acts(loop: ClientLoop) -> dict[type, Callable[[Any], orders.Answer]]:
    rounds = Rounds(loop)
    return {
        orders.Connect: partial(arrivals.connect, loop),
        orders.LogIn: partial(arrivals.log_in, loop),
        orders.Return: partial(arrivals.come_back, loop),
        orders.ExpectClose: partial(arrivals.expect_close, loop),
        orders.AwaitClose: partial(arrivals.await_close, loop),
        orders.Ask: partial(asking.ask, loop),
        orders.Settle: lambda order: rounds.settle(order.talkers),
        orders.Prepare: rounds.prepare,
        orders.Talk: rounds.talk,
        orders.Expect: rounds.expect,
        orders.StopTalking: lambda order: None,
    }
