"""`securechat-server install-service`: writes the files by which systemd runs the server."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from securechat.common.files import replace
from securechat.common.language import _
from securechat.server import unit
from securechat.server.config import Config, load_config
from securechat.server.data import DataDirectory, default_directory
from securechat.server.identity import is_loopback
from securechat.server.options import NAMES, server_options, with_flags
from securechat.server.settings import listen_addresses, web_addresses

SERVICE = "securechat.service"
SYSTEM = Path("/etc/systemd/system")
SYSUSERS = Path("/etc/sysusers.d/securechat.conf")

HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108
"""What the unit's ProtectHome and PrivateTmp hide from the server."""

EPILOG = """\b
EXAMPLES
  securechat-server install-service --host 0.0.0.0          as root, for the machine
  securechat-server install-service --user --host 0.0.0.0   for yourself
  securechat-server install-service --config /etc/securechat/config.toml --print
"""


class InstallError(Exception):
    """The service can't be installed; the text says why and what to do."""


@click.command("install-service", epilog=EPILOG)
@server_options
@click.option("--user", is_flag=True, help="For yourself, without root.")
@click.option("--print", "show", is_flag=True, help="Print the unit; write nothing.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.pass_context
def install_service(
    context: click.Context, /, user: bool, show: bool, force: bool, **own: object
) -> None:
    """Have systemd run the server: write its unit, closed off from the rest of the machine.

    The options are those that the server is to be started with. Nothing is started: what to type
    next is printed. As root it is a service of the machine, with a user of its own and its data in
    /var/lib/securechat; with --user it is yours, with your data.

    \b
    Example: securechat-server install-service --host 0.0.0.0
    """
    options = _all_options(context, own)
    config = _configuration(options, user=user)
    text = _user_text(options, config) if user else _system_text(options, config)
    if show:
        click.echo(text, nl=False)
        return
    files = _files(text, user=user)
    _write(files, force=force)
    for path in files:
        click.echo(_("Written: {path}").format(path=path))
    click.echo(_next_steps(options, config, user=user), nl=False)


def _all_options(context: click.Context, own: Mapping[str, object]) -> dict[str, object]:
    """Those before the command's name and those behind it, which come over them."""
    before = context.parent.params if context.parent is not None else {}
    given = {name: before.get(name) for name in NAMES}
    given |= {name: value for name, value in own.items() if value is not None}
    # A service's working directory isn't the one that a path was typed in.
    return {
        k: v.absolute() if isinstance(v, Path) else v for k, v in given.items() if v is not None
    }


def _configuration(options: Mapping[str, object], *, user: bool) -> Config:
    """What the server will run with. Raises ConfigError: better now than at its start."""
    path, data = options.get("config"), options.get("data")
    if path is None:
        where = data if isinstance(data, Path) else default_directory() if user else unit.STATE
        path = DataDirectory(Path(where)).own_configuration()
    flags: dict[str, Any] = {k: options.get(k) for k in ("host", "port", "cert", "key", "web")}
    return with_flags(load_config(path if isinstance(path, Path) else None), **flags)


# --- the unit -------------------------------------------------------------------------------------


def _system_text(options: Mapping[str, object], config: Config) -> str:
    for path in [Path(_program()[0]), Path(sys.prefix), Path(sys.base_prefix)]:
        _refuse_hidden(path.resolve(), "the program")
    for name, value in options.items():
        if isinstance(value, Path):
            _refuse_hidden(value, f"--{name}")
    words = _words({"data": unit.STATE, **options})
    return unit.system_unit(_printable(words), _lowest_port(config), _other_data(options))


def _lowest_port(config: Config) -> int:
    """Of those that are listened on; 0 is none, but any that is free."""
    addresses = [*listen_addresses(config), *web_addresses(config)]
    return min((at[1] for at in addresses if at[1]), default=0)


def _other_data(options: Mapping[str, object]) -> str | None:
    """The data directory of a service of the machine, where it isn't the one that systemd makes."""
    data = options.get("data")
    return None if data is None or str(data) == unit.STATE else str(data)


def _user_text(options: Mapping[str, object], config: Config) -> str:
    port = _lowest_port(config)
    if 0 < port < unit.LEAST_FREE_PORT:
        raise InstallError(
            f"port {port} is below {unit.LEAST_FREE_PORT}, which takes a service of "
            "the machine: leave out --user and do this as root, or take another --port"
        )
    return unit.user_unit(_printable(_words(options)))


def _program() -> list[str]:
    """How this program is called, whatever PATH is then."""
    beside = Path(sys.executable).absolute().with_name("securechat-server")
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "securechat.server"]


def _words(options: Mapping[str, object]) -> list[str]:
    words = _program()
    for name in NAMES:
        if name in options:
            value = options[name]
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return words


def _printable(words: list[str]) -> list[str]:
    try:
        unit.command_line(words)
    except ValueError as error:
        raise InstallError(f"{error}, which a unit can't hold; choose another name") from None
    return words


def _refuse_hidden(path: Path, what: str) -> None:
    hidden = [place for place in HIDDEN if path.is_relative_to(place)]
    if not hidden:
        return
    advice = "keep it elsewhere, such as in /etc/securechat or /var/lib/securechat"
    if what == "the program":
        advice = (
            "install it for the whole machine, for instance with "
            "`python3 -m venv /opt/securechat && /opt/securechat/bin/pip install .`, and run "
            "/opt/securechat/bin/securechat-server install-service"
        )
    raise InstallError(
        f"{what} is {path}, and {hidden[0]} is hidden from a service of the machine: {advice}; "
        "or install the service for yourself with --user"
    )


# --- the files ------------------------------------------------------------------------------------


def _files(text: str, *, user: bool) -> dict[Path, str]:
    if not user:
        return {SYSTEM / SERVICE: text, SYSUSERS: unit.SYSUSERS}
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {settings / "systemd/user" / SERVICE: text}


def _write(files: Mapping[Path, str], *, force: bool) -> None:
    changed = [path for path, text in files.items() if path.exists() and path.read_text() != text]
    if changed and not force:
        raise InstallError(
            f"{changed[0]} is there and says something else: look at it, and write over it with "
            "--force, or see what would stand there with --print"
        )
    for path, text in files.items():
        try:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            replace(path, text.encode(), mode=0o644)
        except PermissionError as error:
            raise InstallError(
                f"can't write {path}: {error.strerror}; do this as root, or install the service "
                "for yourself with --user"
            ) from None


# --- what is told ---------------------------------------------------------------------------------


def _next_steps(options: Mapping[str, object], config: Config, *, user: bool) -> str:
    systemctl = "systemctl --user" if user else "systemctl"
    journal = "journalctl --user" if user else "journalctl"
    lines = [
        _("Next:") if user else _("Next, as root:"),
        *(f"  {line}" for line in (_for_a_user() if user else _for_the_machine(options))),
        f"  {systemctl} daemon-reload",
        f"  {systemctl} enable --now securechat",
        _("The link for your account, which administers the server:"),
        f"  {_invite(options, user=user)}",
        _("Later:"),
        f"  {systemctl} status securechat",
        f"  {systemctl} reload securechat    # {_('its configuration; nobody is dropped')}",
        f"  {journal} -u securechat",
    ]
    if is_loopback(config.listen.host):
        lines.append(_("Only this machine can connect; --host 0.0.0.0 lets the network in."))
    return "\n".join(lines) + "\n"


def _for_a_user() -> list[str]:
    comment = _("so that it runs while you are logged out")
    return [f"loginctl enable-linger        # {comment}"]


def _for_the_machine(options: Mapping[str, object]) -> list[str]:
    lines = [f"systemd-sysusers              # {_('makes the user securechat')}"]
    if data := _other_data(options):
        own = f"-o {unit.USER} -g {unit.USER}"
        lines.append(f"install -d -m 700 {own} {shlex.quote(data)}")
    return lines


def _invite(options: Mapping[str, object], *, user: bool) -> str:
    """How the administrator gets a link: as the user that the server runs as."""
    beside = Path(_program()[0]).with_name("securechat-admin")
    admin = [str(beside)] if beside.exists() else [sys.executable, "-m", "securechat.admin.cli"]
    data = options.get("data", None if user else unit.STATE)
    place = [] if data is None else ["--data", str(data)]
    changed = [] if user else ["runuser", "-u", unit.USER, "--"]
    return shlex.join([*changed, *admin, *place, "invite", "--admin"])
