"""How a command has something done by the rules: by the running server, or here while none runs.

The command asks by a row in the database and takes the answer away with the row. Main thread.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import click

from securechat.admin.context import EFFECT_SECONDS, POLL_SECONDS, AdminContext
from securechat.core.administration.requests import DONE, REFUSED
from securechat.server.data import DataError
from securechat.server.offline import answer_request
from securechat.server.requests import NODE
from securechat.server.settings import rules_settings


def ask(context: AdminContext, kind: str, **facts: object) -> Any:
    """What came of a request, see core.administration.requests. facts: what JSON can hold.

    Raises click.ClickException with the reason when it is refused, DataError when the running
    server doesn't answer; then nothing was done. StoreError.
    """
    requests = context.admin.requests
    number = requests.ask(kind, facts)
    try:
        _wait(context, number)
    finally:
        # The last look: what the server has done in this moment is told as done.
        found = requests.take(number)
    if found is None:
        raise DataError(
            f"the server that runs on {context.data.path} has not answered within "
            f"{EFFECT_SECONDS:.0f} seconds, so nothing was done: try again, or look into its log"
        )
    if REFUSED in found:
        raise click.ClickException(found[REFUSED])
    return found[DONE]


def ask_process(context: AdminContext, kind: str, node: str = "") -> Any:
    """The same of what is about a process. node: the name of the one that is asked, where there are
    several; '' for this machine's. Raises UnknownError where it doesn't run.
    """
    states = context.admin.nodes
    there = states.there() if states is not None else []
    if states is None or not there:
        if node:
            raise click.ClickException(f"no node runs on {context.data.location}")
        return ask(context, kind)
    name = node or context.data.kept_node()
    if not name:
        running = ", ".join(one.row.name for one in there)
        raise click.UsageError(
            f"expected the node that is asked, as --node; those that run: {running}"
        )
    states.find(name)
    return ask(context, kind, **{NODE: name})


def node_option() -> Callable[[Callable[..., None]], Callable[..., None]]:
    """--node, for a command that asks_process()."""
    return click.option("--node", metavar="NAME", default="", help="Of this node. [this machine's]")


def _wait(context: AdminContext, number: int) -> None:
    """Until there is an answer, or too long."""
    deadline = time.monotonic() + EFFECT_SECONDS
    while not context.admin.requests.answered(number) and time.monotonic() < deadline:
        # Asked each time: the server may end while this waits.
        if context.is_served():
            context.pause(POLL_SECONDS)
            continue
        settings = rules_settings(context.config)
        # A server, or another command, may have been faster to take the directory.
        with contextlib.suppress(DataError):
            answer_request(context.data, settings, context.pepper, number)
