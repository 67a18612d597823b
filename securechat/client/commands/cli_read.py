"""`securechat tail`, `history` and `search`, as they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from securechat.client.commands.options import JSON, SERVER, chatting
from securechat.client.exits import Exit
from securechat.client.limits import MOST_HITS, MOST_MESSAGES, PAGE

if TYPE_CHECKING:
    from securechat.client.commands.assemble import Setup


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@SERVER
@click.option(
    "-n",
    "count",
    type=click.IntRange(0, PAGE),
    default=0,
    show_default=True,
    help=f"Print the last N messages of each conversation first (at most {PAGE}).",
)
@click.option(
    "--since",
    metavar="TIME|MSGID",
    help="Print first what was said since then: 2026-01-31T15:30, 10m (ago), 2h, 7d, or since a "
    "message.",
)
@click.option(
    "--follow/--no-follow",
    default=True,
    show_default=True,
    help="Go on with what is said from now on, or end.",
)
@JSON
@chatting
def tail(
    setup: Setup,
    targets: tuple[str, ...],
    server: str | None,
    count: int,
    since: str | None,
    follow: bool,
    as_json: bool,
) -> Exit:
    """Print what is said, as it is said, in each TARGET (a #channel or an account).

    Without a TARGET: in all your channels and conversations. It goes on until Ctrl-C, or until
    nobody reads what it prints. A lost connection is made anew, and what was said meanwhile is
    fetched, so nothing is missed and nothing comes twice.

    --since MSGID goes on behind a message, as the last one that you have: nothing is left out, and
    nothing comes twice. With --no-follow it prints what was said up to now, and ends.

    With --json each message is an object with time, msgid, from, target, conversation (where an
    answer goes), kind (message, notice or action), text, mine and tags. What is no message, as a
    lost connection, goes to standard error.

    \b
    Example:
      securechat tail '#alerts' --json | jq -r 'select(.from == "monitor") | .text'
    """
    from securechat.client.commands import tail as reading_tail

    return reading_tail.tail(setup, targets, server, since, count, as_json=as_json, follow=follow)


@click.command()
@click.argument("target")
@SERVER
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, MOST_MESSAGES),
    default=20,
    show_default=True,
    help=f"How many messages (at most {MOST_MESSAGES}).",
)
@click.option(
    "--after",
    "--since",
    "after",
    metavar="TIME|MSGID",
    help="What was said after that, oldest first.",
)
@click.option(
    "--before", "--until", "before", metavar="TIME|MSGID", help="What was said before that."
)
@JSON
@chatting
def history(
    setup: Setup,
    target: str,
    server: str | None,
    count: int,
    after: str | None,
    before: str | None,
    as_json: bool,
) -> Exit:
    """Print what was said in TARGET (a #channel or an account), and end.

    The newest N messages, or the N before --before; with --after the first N from there on. What
    you have missed stays missed: it is there at your next login.

    \b
    Example:
      securechat history '#lobby' --after 2026-01-31 --before 2026-02-01 -n 10000 --json
    """
    from securechat.client.commands import history as reading_history
    from securechat.client.commands.tail import place_of
    from securechat.client.session.stretch import Stretch

    places = place_of(after, "--after"), place_of(before, "--before")
    wanted = Stretch(target, count, *places)
    return reading_history.history(setup, wanted, server, as_json=as_json)


@click.command()
@click.argument("words", nargs=-1, metavar="[WORDS]...")
@SERVER
@click.option(
    "--in", "place", default="", metavar="TARGET", help="In a #channel, or with a person."
)
@click.option("--from", "sender", default="", metavar="ACCOUNT", help="Said by somebody.")
@click.option("--after", "--since", "after", metavar="TIME", help="Said from then on.")
@click.option("--before", "--until", "before", metavar="TIME", help="Said before that.")
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, MOST_HITS),
    default=20,
    show_default=True,
    help=f"How many messages (at most {MOST_HITS}).",
)
@JSON
@chatting
def search(
    setup: Setup,
    words: tuple[str, ...],
    server: str | None,
    place: str,
    sender: str,
    after: str | None,
    before: str | None,
    count: int,
    as_json: bool,
) -> Exit:
    """Print what was said with all of WORDS, or with words that begin so, and end.

    In all that you may read, or --in one conversation. The newest N are printed, oldest first; with
    --after the first N from there on.

    \b
    Example: securechat search --in '#lobby' --from bob --after 7d keys
    """
    from securechat.client.commands import search as searching
    from securechat.client.commands.tail import time_of
    from securechat.client.session.actions import AskSearch

    text = " ".join(words)
    query = AskSearch(text, place, sender, time_of(after, "--after"), time_of(before, "--before"))
    return searching.search(setup, query, count, server, as_json=as_json)
