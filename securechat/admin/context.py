"""The context of a command of `securechat-admin`: the data directory, the settings, the database.

Main thread only.
"""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import click

from securechat.admin.backup.check import in_use, name_problem
from securechat.common.language import _, translated
from securechat.credentials.link import Link
from securechat.server.config import Config, load_config
from securechat.server.data import DataDirectory, DataError
from securechat.server.identity import is_loopback, server_name
from securechat.server.links import login_link
from securechat.store.admin import Admin
from securechat.store.password_rules import PasswordRules
from securechat.store.pepper import Pepper, find_pepper
from securechat.store.sql.reader import Reader

# A running server looks for changes four times a second, and stores what follows from them.
EFFECT_SECONDS = 5.0
"""How long it may take until a change is in effect."""

POLL_SECONDS = 0.02

REMEMBERED = ("registration", "bcrypt_cost", "min_password_length")
"""The keys of [accounts] that the server keeps in its database."""


class AdminContext:
    """What a command works with.

    data: the server's directory. config_file: what --config names, None without it. pause: waits
    for some seconds.
    """

    def __init__(
        self,
        data: DataDirectory,
        config_file: Path | None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        # Nothing is read yet, so that --help works without a server, and --data may come later.
        self.data = data
        self.pause = pause
        self.config_file = config_file

    def use(self, data: Path | None = None, config: Path | None = None) -> None:
        """Take what --data and --config name behind a command; before anything is read."""
        if data is not None:
            self.data = DataDirectory(data)
        if config is not None:
            self.config_file = config

    @property
    def file(self) -> Path | None:
        """That of the configuration: what --config names, else the one in the directory."""
        return self.config_file or self.data.own_configuration()

    @cached_property
    def config(self) -> Config:
        """The file's settings; without one, those that the server last ran with.

        Raises ConfigError, DataError, StoreError.
        """
        if self.file is not None:
            return load_config(self.file)
        return remembered_config(self.admin.reader)

    @cached_property
    def admin(self) -> Admin:
        """The database, opened. Raises DataError when there is none, StoreError."""
        self.data.check_database()
        admin = Admin(self.data.location, by=who(), node=self.data.kept_node())
        # Closed at the end of the command, whatever happens in it.
        click.get_current_context().find_root().call_on_close(admin.close)
        return admin

    @cached_property
    def rules(self) -> PasswordRules:
        """The rules by which the server accepts and stores passwords."""
        accounts = self.config.accounts
        # No password may consist of it.
        name = server_name(self.config)
        return PasswordRules(accounts.bcrypt_cost, accounts.min_password_length, name, self.pepper)

    @cached_property
    def pepper(self) -> Pepper:
        """The database's own. Raises DataError when there is no database, StoreError."""
        self.data.check_database()
        return find_pepper(self.data.location, self.data.pepper)

    def registration(self) -> str:
        """The setting `registration`: the running server's, or else the configuration's."""
        # A server reads its configuration at its start and at a SIGHUP, so the file may be ahead.
        running = self.admin.reader.remembered("registration") if self.is_served() else None
        return running or self.config.accounts.registration

    def is_served(self) -> bool:
        """Whether a server runs, here or, as one of several nodes, at another machine."""
        return self.data.running() or self.admin.has_server()

    def check_served(self) -> None:
        """The server must have run, as only it knows its address. Raises DataError."""
        if self.admin.reader.remembered("host") is None:
            raise DataError(
                f"the server of {self.data.path} has never run, so nobody knows its address yet: "
                "start securechat-server once"
            )

    def warn_about(self, link: Link) -> None:
        """Say it when nobody, or nobody else, can use a link that was printed."""
        if all(is_loopback(host) for host, _port in link.places):
            click.echo(
                _(
                    "warning: nobody at another machine can use this link: the server listens "
                    "on {host}, which is this machine only. Start it with --host 0.0.0.0 (or "
                    "with host in [listen] of its configuration), then make a new link"
                ).format(host=link.host),
                err=True,
            )

        elif (wrong := name_problem(in_use(self.data, None), link.host)) is not None:
            click.echo(_("warning: {warning}").format(warning=translated(wrong)), err=True)

    def tell_login(self, account: str = "") -> None:
        """The link to log in with, for an account that was made here; on standard error."""
        if self.admin.reader.remembered("host") is None:
            click.echo(
                _(
                    "To log in it takes a link: `securechat-admin invite --login` prints it, "
                    "once the server has run."
                ),
                err=True,
            )
            return
        link = login_link(self.admin.reader, account)
        click.echo(_("To log in:  securechat {link}").format(link=link), err=True)
        self.warn_about(link)

    def settle(self) -> None:
        """Wait until a running server has taken up what was changed, and say how it stands.

        On standard error, as it is no result. Ends the program with code 1 when the server
        doesn't take it up: then the change is stored, and not in effect.
        """
        deadline = time.monotonic() + EFFECT_SECONDS
        # Asked each time: the server may end while this waits.
        while self.is_served():
            if self.admin.in_effect():
                click.echo(_("In effect: the running server has taken it up."), err=True)
                return
            if time.monotonic() > deadline:
                self._give_up()
            self.pause(POLL_SECONDS)
        click.echo(
            _("No server is running on {path}; it takes effect when one starts.").format(
                path=self.data.path
            ),
            err=True,
        )

    def _give_up(self) -> None:
        click.echo(
            _(
                "securechat-admin: warning: this is stored, but NOT IN EFFECT: the server "
                "that runs on {path} has not taken it up within {seconds:.0f} "
                "seconds. Look into its log; a restart of the server takes it up"
            ).format(path=self.data.path, seconds=EFFECT_SECONDS),
            err=True,
        )
        raise click.exceptions.Exit(1)


def who() -> str:
    """The user of this machine who acts, for the audit: `os:` and the name."""
    number = os.getuid()
    try:
        return f"os:{pwd.getpwuid(number).pw_name}"
    except KeyError:  # a container may run as a number that has no name
        return f"os:{number}"


def remembered_config(reader: Reader) -> Config:
    """The settings that matter here, as the server kept them when it last started."""
    defaults = Config()
    where = "the database"
    accounts: dict[str, object] = {}
    for key in REMEMBERED:
        kept = reader.remembered(key)
        if kept is not None:
            default = getattr(defaults.accounts, key)
            # The database keeps texts; the default tells what it was.
            accounts[key] = int(kept) if isinstance(default, int) else kept
    config = defaults.with_values("accounts", accounts, where)
    names = {key: reader.remembered(key) for key in ("name", "lobby")}
    server = {key: name for key, name in names.items() if name is not None}
    return config.with_values("server", server, where)
