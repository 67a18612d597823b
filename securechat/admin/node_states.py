"""`securechat-admin nodes`, `nodes drain`, `undrain` and `forget`: which nodes there are, and which
of them are in service. Main thread.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from securechat.admin.context import AdminContext
from securechat.admin.listing import echo_json, local_time, table, utc
from securechat.common.language import _, ngettext, translated
from securechat.credentials.link import Place, join_places, split_places

if TYPE_CHECKING:  # they need PostgreSQL's driver, which comes with an extra
    from securechat.store.postgres.node_states import NodeSeen, NodeStates

LOOK_SECONDS = 0.5
"""Between two looks at a node that is leaving."""

UP, GONE = "up", "gone"
"""As of NodeSeen.state."""


def show_nodes(context: AdminContext, *, as_json: bool) -> None:
    """What `nodes` prints alone."""
    states = context.admin.nodes
    here = context.data.kept_node()
    found = [_told(node, here) for node in (states.all() if states is not None else [])]
    if as_json:
        echo_json([{**one, "since": utc(one["since"])} for one in found])
    elif found:
        header = (
            *("NAME", "VERSION", "ADDRESS", "SINCE", "SESSIONS"),
            *("BEHIND", "SILENT", "STATE", "MACHINE"),
        )
        click.echo("\n".join(table(header, [_cells(one) for one in found])))
    else:
        click.echo(_no_nodes(context), err=True)


def _no_nodes(context: AdminContext) -> str:
    return _(
        "{database} has no nodes: at most one server runs on it, without a name in [cluster]."
    ).format(database=context.data.location)


def _told(node: NodeSeen, here: str) -> dict[str, Any]:
    """What is told of one. here: the name of this machine's."""
    row = node.row
    facts = json.loads(row.facts)
    return {
        "name": row.name,
        "version": facts.get("version", ""),
        "address": facts.get("address", ""),
        "machine": facts.get("machine", ""),
        # So many seconds ago by the database's clock, from which this machine's may differ.
        "since": int((time.time() - row.running) * 1000),
        "sessions": row.sessions,
        "turns_behind": node.behind,
        "silent_seconds": round(row.silent, 1),
        "state": node.state,
        "here": row.name == here,
    }


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    is_gone = one["state"] == GONE
    return (
        one["name"],
        one["version"],
        one["address"],
        local_time(one["since"]),
        "" if is_gone else f"{one['sessions']:,}",
        "" if is_gone else f"{one['turns_behind']:,}",
        shown_silence(one["silent_seconds"]),
        translated(one["state"]),
        _("this one") if one["here"] else one["machine"],
    )


def shown_silence(seconds: float) -> str:
    """How long a node was silent, in a unit of which there are some."""
    if seconds < 120:
        return _("{seconds} s").format(seconds=f"{seconds:.0f}")
    if (minutes := seconds / 60) < 120:
        return _("{minutes} min").format(minutes=f"{minutes:.0f}")
    if (hours := minutes / 60) < 48:
        return _("{hours} h").format(hours=f"{hours:.0f}")
    return _("{days} d").format(days=f"{hours / 24:,.0f}")


@click.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Also where no other node is up.")
@click.option("--no-wait", is_flag=True, help="Return at once, and not when it has ended.")
@click.pass_obj
def drain(context: AdminContext, name: str, force: bool, no_wait: bool) -> None:
    """Take the node NAME out of service, and wait until it has ended.

    It accepts nobody any more, and sends its people to the other nodes, 50 a second; with the last
    of them its process ends, and systemd doesn't start it again. `nodes undrain` takes that back
    while it isn't done. Any node's machine will do.

    \b
    Example: securechat-admin nodes drain south
    """
    states = _states(context)
    node = states.drain(name, force=force)
    if no_wait:
        click.echo(_("{node} is going out of service.").format(node=name))
        return
    try:
        _wait(context, states, node)
    except KeyboardInterrupt:
        click.echo(
            _(
                "{node} goes on leaving without this command; `nodes undrain {node}` has it stay."
            ).format(node=name),
            err=True,
        )
        raise click.Abort from None
    click.echo(_("{node} is out of service.").format(node=name))


@click.command()
@click.argument("name")
@click.pass_obj
def undrain(context: AdminContext, name: str) -> None:
    """Have the node NAME stay, which is being taken out of service.

    It accepts people again within two seconds. Who has been sent away stays where they are now. A
    node that has ended is started again as every server is.

    \b
    Example: securechat-admin nodes undrain south
    """
    before = _states(context).undrain(name)
    if before.state == UP:
        click.echo(_("{node} was in service already.").format(node=name))
    else:
        click.echo(_("{node} stays in service.").format(node=name))


@click.command()
@click.argument("name")
@click.pass_obj
def forget(context: AdminContext, name: str) -> None:
    """Forget the node NAME, which is gone for good.

    `nodes` shows it no more, and the database keeps nothing of what it has said of itself. Its
    address must no longer stand in `addresses` in [server] of the others, as members are told of
    it. If it is started again all the same, it is a node as before.

    \b
    Example: securechat-admin nodes forget south
    """
    states = _states(context)
    _refuse_told(states, name)
    states.forget(name)
    click.echo(_("{node} is forgotten.").format(node=name))


def _refuse_told(states: NodeStates, name: str) -> None:
    """Where its address would be told. Raises click.ClickException."""
    facts = states.own_facts()
    places = {node: _place(own) for node, own in facts.items()}
    there = [one.row.name for one in states.there() if one.row.name != name]
    told = [one for one in there if places.get(name) in _further(facts.get(one, {}))]
    if told and places[name] not in [places.get(one) for one in there]:
        raise click.ClickException(
            f"{join_places([places[name]])} stands in `addresses` in [server] of "
            f"{', '.join(told)}, so people would be told of it: take it out there, have them read "
            f"it by `securechat-admin reload --node NAME`, then forget {name}"
        )


def _place(own: Mapping[str, str]) -> Place:
    return own.get("host", ""), int(own.get("port", "0"))


def _further(own: Mapping[str, str]) -> tuple[Place, ...]:
    return split_places(own.get("addresses", ""))


def _states(context: AdminContext) -> NodeStates:
    states = context.admin.nodes
    if states is None or not states.all():
        raise click.ClickException(_no_nodes(context))
    return states


def _wait(context: AdminContext, states: NodeStates, node: NodeSeen) -> None:
    """Until it is gone, telling how many are left. Raises click.ClickException where it stays."""
    name, told = node.row.name, None
    while True:
        # By its epoch: one that has begun anew is another one.
        now = next((one for one in states.all() if one.row.name == name), None)
        if now is not None and now.row.epoch != node.row.epoch:
            raise click.ClickException(
                f"{name} has ended and begun again, so it is in service: look into its log why it "
                "ended, then drain it once more"
            )
        if now is None or now.state == GONE:
            return
        if now.state == UP:
            raise click.ClickException(f"{name} stays in service, as somebody has taken that back")
        left = now.row.sessions
        if left != told:
            told = left
            click.echo(
                ngettext(
                    "{node}: {count} session is left.", "{node}: {count} sessions are left.", left
                ).format(node=name, count=f"{left:,}"),
                err=True,
            )
        context.pause(LOOK_SECONDS)
