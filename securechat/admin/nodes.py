"""`securechat-admin nodes`: how further nodes of a cluster come to be, and stay; node_states.py has
which there are. Main thread.
"""

from __future__ import annotations

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path

import click

from securechat.admin.context import AdminContext
from securechat.admin.node_states import drain, forget, show_nodes, undrain
from securechat.admin.preparing import Order, node_configuration, prepare_node
from securechat.common.files import sync_directory, write_new
from securechat.common.language import _, translated
from securechat.server.config import MOST_OF_A_NODE, is_node
from securechat.server.data import default_directory
from securechat.server.joining import renew as renew_node
from securechat.server.node_archive import JoinError, write_archive

_FILE = click.Path(path_type=Path)


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def nodes(context: click.Context, as_json: bool) -> None:
    """Run several equal servers, the nodes, over one database of PostgreSQL.

    Without a command it shows them: since when each runs, how many are logged in there, how many
    turns of the others it had to take up at once lately, for how long it was silent (two seconds
    are usual; after ten the others take it for gone), and on which machine it is.

    \b
    Example: securechat-admin nodes --json
    """
    if context.invoked_subcommand is None:
        show_nodes(context.obj, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"--json is not for `{context.invoked_subcommand}`")


nodes.add_command(drain)
nodes.add_command(undrain)
nodes.add_command(forget)


@nodes.command()
@click.argument("name")
@click.argument("hosts", metavar="HOST...", nargs=-1, required=True)
@click.option("--out", type=_FILE, required=True, help="The file to write, mode 0600.")
@click.option("--cert", type=_FILE, help="A certificate for the node, with its chain.")
@click.option("--key", type=_FILE, help="Its key. [X-key.pem for X.pem]")
@click.option(
    "--passphrase-file", type=_FILE, help="Has the passphrase of the authority's key. [asked]"
)
@click.pass_obj
def prepare(
    context: AdminContext,
    name: str,
    hosts: tuple[str, ...],
    out: Path,
    cert: Path | None,
    key: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Write all that a further node NAME needs into a file, on a node that there is.

    HOST is each name and address by which clients reach the new node. In the file are the pepper,
    a new certificate with its key from this server's authority (whose own key stays here), the
    configuration, and the password of the database. Bring the file to the other machine on a way
    that nobody reads, and start there: securechat-server --join FILE.

    It is as secret as the server: who has it can read and change all that stands in the database,
    can guess at the passwords and can pose as this node.

    \b
    Example: securechat-admin nodes prepare south south.example --out south.node
    """
    if not is_node(name):
        raise click.UsageError(
            _("Expected a name of at most {most} letters, digits and '-', not '{name}'.").format(
                most=MOST_OF_A_NODE, name=name
            )
        )
    _refuse_existing(out)
    order = Order(name, hosts, cert, key, passphrase_file, datetime.now(UTC))
    made = prepare_node(context, order)
    context.admin.audit.note("node prepared", node=name, file=str(out.absolute()))
    _write(out, write_archive(made.archive))
    click.echo(
        _("{file} makes the node {node}; its certificate is for {names}, until {day}.").format(
            file=out, node=name, names=", ".join(made.names), day=f"{made.not_after:%Y-%m-%d}"
        )
    )
    for warning in made.warnings:
        click.echo(_("warning: {warning}").format(warning=translated(warning)), err=True)
    click.echo(
        _(
            "Bring it to the other machine on a way that nobody reads, start there by\n"
            "  securechat-server --join {file}\n"
            "(or `securechat-admin nodes renew {file}`, where that node is already) "
            "and remove it at both: who has it can read and change all that stands in the database "
            "and pose as this node."
        ).format(file=shlex.quote(out.name)),
        err=True,
    )


def _refuse_existing(file: Path) -> None:
    # lexists: a dangling link is in the way as well.
    if os.path.lexists(file):
        raise JoinError(f"{file} is there already and was not overwritten: name another file")


def _write(file: Path, content: bytes) -> None:
    try:
        write_new(file, content)
        sync_directory(file.absolute().parent)
    except FileExistsError:
        _refuse_existing(file)
    except BaseException as error:  # Ctrl-C too: a part of it is a secret
        file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            text = f"can't write {file}: {error.strerror}; name another file"
            raise JoinError(text) from error
        raise


@nodes.command()
@click.argument("file", type=_FILE)
@click.pass_obj
def renew(context: AdminContext, file: Path) -> None:
    """Take up the certificate in FILE, which was prepared once more for this node.

    For a node that joined: its authority's key is at another one, so its certificate doesn't renew
    itself. There `nodes prepare` with this node's name makes FILE.

    \b
    Example: securechat-admin nodes renew south.node
    """
    data = context.data
    config = node_configuration(context.file)
    renew_node(file, data, config.cluster.node)
    where = f" --data {shlex.quote(str(data.path))}" if data.path != default_directory() else ""
    click.echo(_("The certificate in {path} is the new one.").format(path=data.tls))
    click.echo(
        _("Next:  securechat-admin reload{where}, and remove {file}.").format(
            where=where, file=shlex.quote(str(file))
        ),
        err=True,
    )
