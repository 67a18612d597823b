"""`securechat-admin reload` and `config`: what the running server is set to, and to be set to."""

from __future__ import annotations

import json
from typing import Any

import click

from securechat.admin.context import AdminContext
from securechat.admin.listing import echo_json, table
from securechat.admin.requests import ask_process, node_option
from securechat.common.escape import escape_exactly
from securechat.common.language import _, ngettext, translated
from securechat.server.reloading import NEXT_START


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@node_option()
@click.pass_obj
def reload(context: AdminContext, as_json: bool, node: str) -> None:
    """Have the running server read its configuration file and certificate again.

    Nobody is dropped. It says what has changed and what waits for the next start. A file with a
    mistake, or an address that is taken, changes nothing at all: that is told, and the exit code
    is 1.

    \b
    Example: securechat-admin reload
    """
    found = ask_process(context, "reload", node)
    if as_json:
        left = {key: NEXT_START.get(key, "") for key in found["left"]}
        echo_json(
            {
                "changed": found["taken"],
                "next_start": left,
                "certificate_days_left": found["days"],
                "warnings": found["warnings"],
            }
        )
        return
    if found["taken"]:
        click.echo(_("Changed: {keys}.").format(keys=", ".join(found["taken"])))
    else:
        click.echo(_("Nothing of the configuration has changed."))
    days = found["days"]
    click.echo(
        ngettext(
            "The certificate is valid for {days} more day.",
            "The certificate is valid for {days} more days.",
            days,
        ).format(days=days)
    )
    for key in found["left"]:
        reason = translated(NEXT_START.get(key, ""))
        click.echo(_("At the next start: {key} ({reason}).").format(key=key, reason=reason))
    for warning in found["warnings"]:
        click.echo(_("warning: {warning}").format(warning=translated(warning)), err=True)


@click.command()
@click.option(
    "--changed", is_flag=True, help="Only what isn't the default, or differs from the file."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@node_option()
@click.pass_obj
def config(context: AdminContext, changed: bool, as_json: bool, node: str) -> None:
    """Show the values that the running server goes by, and where each comes from.

    Where the file has another one by now, that is shown as well, and what takes it up.

    \b
    Example: securechat-admin config --changed
    """
    found = ask_process(context, "config", node)
    values = [one for one in found["values"] if not changed or _is_changed(one)]
    if as_json:
        echo_json({"values": values, "error": found["error"]})
    else:
        click.echo("\n".join(table(("KEY", "VALUE", "FROM"), [_cells(one) for one in values])))
        for one in values:
            if "new" in one:
                click.echo(_news(one))
    if (error := found["error"]) is not None and not as_json:
        raise click.ClickException(f"the file can't be taken up: {error}")


def _is_changed(one: dict[str, Any]) -> bool:
    return "new" in one or one["from"] != "default"


def _cells(one: dict[str, Any]) -> tuple[str, str, str]:
    return one["key"], _shown(one["value"]), translated(one["from"])


def _shown(value: object) -> str:
    """As it stands in the file, in one line."""
    # Of texts, numbers, truth values and lists of texts JSON is what TOML has, too.
    return json.dumps(value, ensure_ascii=False)


def _news(one: dict[str, Any]) -> str:
    if one["key"] in NEXT_START:
        text = _("The file has {key} = {value} by now: the next start takes it up.")
    else:
        text = _("The file has {key} = {value} by now: `reload` takes it up.")
    # Escaped as the table is.
    return text.format(key=one["key"], value=escape_exactly(_shown(one["new"])))
