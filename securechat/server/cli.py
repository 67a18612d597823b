"""`securechat-server`: start, serve, stop."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import click

from securechat import __version__
from securechat.common.language import _, ngettext, translated
from securechat.common.terminal import has_terminal
from securechat.core.administration.requests import DONE, REFUSED, Request
from securechat.net.binding import ListenError
from securechat.server import logs
from securechat.server.beside import check_beside, check_place
from securechat.server.commands import FAILURES, run
from securechat.server.config import Config, load_config
from securechat.server.data import DataDirectory, default_directory
from securechat.server.greeting import greet, make_link
from securechat.server.identity import find_identity
from securechat.server.install import InstallError, install_service
from securechat.server.joining import join as join_cluster
from securechat.server.leaving import STOPPING
from securechat.server.listening import Bound, Openings, bind_listeners
from securechat.server.notify import ServiceManager
from securechat.server.open_files import allow_files
from securechat.server.options import server_options, with_flags
from securechat.server.reloader import Outcome, Reloader, ReloadError
from securechat.server.service import Service
from securechat.server.settings import config_warnings, most_visitors, wanted_database
from securechat.store.database import FORMAT
from securechat.store.pepper import check_pepper

log = logging.getLogger(__name__)

CERTIFICATE_SECONDS = 86_400.0
"""How often the certificate is looked at again: a server may run for longer than it is valid."""

NAMES_SECONDS = 60.0
"""How often it is looked whether this machine has another address or name: a laptop in another
network. Those who connect there meanwhile are refused by their clients, as the name is wrong.
"""

FAILED_SECONDS = 10.0
"""A stop in order takes some seconds; where it has failed, a server may wait for a database that
stands still, and would for as long as that does.
"""

FAILED, ASKED, NODE = 0, 255, 254
"""Stand among signal numbers: for the death of a thread, for an administrator's request, and for a
node that is to leave the others or to stay.
"""


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@server_options
@click.option(
    "--log-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Log to the end of this file; it may be moved away at any time. [standard error]",
)
@click.option(
    "--join",
    type=click.Path(path_type=Path),
    help="Begin as a node, of what `securechat-admin nodes prepare` has put into this file.",
)
@click.option("--check", is_flag=True, help="Check configuration, files, dates and port; exit.")
@click.version_option(__version__, prog_name="securechat-server")
@click.pass_context
def command(
    context: click.Context,
    config: Path | None,
    host: str | None,
    port: int | None,
    cert: Path | None,
    key: Path | None,
    web: bool | None,
    data: Path | None,
    log_format: logs.Format | None,
    log_file: Path | None,
    join: Path | None,
    check: bool,
) -> None:
    """Run a securechat server.

    With no option at all it makes its data directory, a certificate authority and a certificate,
    listens on this machine only, and prints how to make the first account.

    \b
    Example: securechat-server --host 0.0.0.0
    """
    if context.invoked_subcommand is not None:
        not_for_it = {"--check": check, "--log-file": log_file, "--join": join}
        for option in (name for name, value in not_for_it.items() if value):
            raise click.UsageError(f"{option} is not for `{context.invoked_subcommand}`")
        return

    directory = DataDirectory(data or default_directory())
    # Absolute, as it is also told to who asks from elsewhere what is in force.
    file = config.absolute() if config is not None else directory.own_configuration()

    def flagged(found: Config) -> Config:
        return with_flags(found, host=host, port=port, cert=cert, key=key, web=web)

    def read() -> Config:
        return flagged(load_config(file))

    if join is not None:
        if config is not None:
            raise click.UsageError("--join brings a configuration along: leave --config out")
        node = join_cluster(join, directory, flagged)
        file = directory.configuration
        told = _("{path} is the node {node} now, and later starts on it need no --join.")
        click.echo(told.format(path=directory.path, node=node), err=True)
        if join.is_file():  # and no pipe
            click.echo(_("Remove {file}: it is a secret.").format(file=join), err=True)
    settings = read()
    with closing(logs.set_up(log_format or "text", path=log_file)):
        if check:
            check_all(settings, directory)
        else:
            serve(settings, directory, read)


command.add_command(install_service)


def check_all(config: Config, data: DataDirectory) -> None:
    """--check: everything that a start would need, without starting."""
    data.create()
    data.choose(wanted_database(config), config.cluster.node)
    data.check_files()
    identity = find_identity(config, data)
    beside = check_beside(config, data, identity)
    check_pepper(data.location, data.pepper)
    Openings(config, identity)
    # Its ports and its place are taken by the server that runs, and that is no fault.
    if not data.running():
        check_place(config, data)
        bind_listeners(config, Bound()).close_new(Bound())
    for warning in [*identity.warnings, *config_warnings(config), *beside]:
        click.echo(_("warning: {warning}").format(warning=translated(warning)), err=True)
    if (version := data.older_format()) is not None:
        click.echo(
            _(
                "warning: {database} has format {version}, and the next start makes it {newest}, "
                "which no older version opens. To be able to go back, make a backup first: "
                "securechat-admin backup FILE"
            ).format(database=data.location, version=version, newest=FORMAT),
            err=True,
        )
    click.echo(
        ngettext(
            "Everything is in order: {certificate} is for {names} and valid for {days} more day.",
            "Everything is in order: {certificate} is for {names} and valid for {days} more days.",
            identity.days_left,
        ).format(
            certificate=identity.certificate,
            names=", ".join(identity.names),
            days=identity.days_left,
        )
    )


def serve(config: Config, data: DataDirectory, read: Callable[[], Config]) -> None:
    """Run until a signal comes. read: the configuration anew; raises ConfigError."""
    # Before the first file is opened, and told when the log is there.
    few_files = allow_files(config.limits.connections, most_visitors(config))
    with contextlib.closing(_Ending(config, data, read)) as ending:
        try:
            _serve(ending, few_files)
        except BaseException:  # whatever a wait that was given up has led to
            if ending.given_up is None:
                raise
            log.info("stopped, before it was ready: %s", ending.given_up)


def _serve(ending: _Ending, few_files: str | None) -> None:
    service = ending.service
    # Outside of the try: what could not start has nothing to stop.
    service.start()
    try:
        for warning in filter(None, [*service.warnings(), few_files]):
            log.warning("%s", warning)
        with ending.may_be_given_up():
            link = make_link(service)
        greet(service, link)
        ending.manager.ready()
        ending.wait()
    finally:
        with _ending_in_time() if service.failed.is_set() else contextlib.nullcontext():
            service.stop(ending.reason)
    log.info("stopped")
    if service.failed.is_set():
        raise click.exceptions.Exit(1)


@contextlib.contextmanager
def _ending_in_time() -> Iterator[None]:
    """A block after FAILED_SECONDS of which the process ends, whatever it waits for: nobody begins
    it again before.
    """
    before = signal.signal(signal.SIGALRM, lambda number, frame: os._exit(1))
    signal.setitimer(signal.ITIMER_REAL, FAILED_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


class _Ending:
    """Waits for SIGTERM, Ctrl-C, the end of its terminal, or the death of a thread. A SIGHUP of
    another kind reloads the certificate, and what of the configuration can take effect at once.
    """

    def __init__(self, config: Config, data: DataDirectory, read: Callable[[], Config]) -> None:
        self.reason = "The server is stopping"
        self.manager = ServiceManager(os.environ)
        self._looked = time.monotonic()
        # Not where nohup has it ignore the signal, so that it outlives its terminal.
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._ends_with_terminal = has_terminal() and not ignored
        # The system itself writes a signal's number there. Python's own handlers run in the main
        # thread only, and not before it wakes: of a signal that comes just before it goes to sleep
        # it would hear a minute later.
        self._events, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        self.given_up: str | None = None
        """By which signal the server was ended before it was ready."""
        self._may_be_given_up = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, frame: self._hear(number))
        self._asked: deque[Request] = deque()
        self.service = Service(
            config,
            data,
            on_failure=lambda: self.tell(FAILED),
            on_node=lambda: self.tell(NODE),
            of_process={"reload": self._take, "config": self._take},
            opening=self.may_be_given_up,
        )
        self._reloader = Reloader(self.service, read)

    def close(self) -> None:
        """Hear of no more signals. They still do nothing: a second Ctrl-C would else end in a
        traceback while the process comes to its end.
        """
        signal.set_wakeup_fd(-1)
        self._events.close()
        self._sender.close()

    @contextlib.contextmanager
    def may_be_given_up(self) -> Iterator[None]:
        """What waits for the database does so for some time, and for a standby of it perhaps for
        ever: in a block of this a signal ends it at once. Nothing that is on its way then was
        acknowledged to anybody.
        """
        self._may_be_given_up = True
        try:
            yield
        finally:
            self._may_be_given_up = False

    def _hear(self, number: int) -> None:
        """Between two steps of the main thread."""
        if self._may_be_given_up and (number != signal.SIGHUP or self._has_hung_up()):
            self._may_be_given_up = False
            self.given_up = signal.Signals(number).name
            # As Ctrl-C does, which nothing takes for a fault that it knows.
            raise KeyboardInterrupt

    def _has_hung_up(self) -> bool:
        """Who closes the window means to end it: it would go on, and nobody see it."""
        return self._ends_with_terminal and not has_terminal()

    def tell(self, number: int) -> None:
        """As a signal of that number does; FAILED for the death of a thread. Any thread."""
        with contextlib.suppress(OSError):  # it has stopped, or many stand there unread
            self._sender.send(bytes([number]))

    def _take(self, asked: Request) -> None:
        """An administrator asks for something that is done here. Hub thread."""
        self._asked.append(asked)
        self.tell(ASKED)

    def wait(self) -> None:
        self._wait()
        self.manager.stopping(self.reason)

    def _wait(self) -> None:
        # Twice in the time that the watchdog gives, as sd_watchdog_enabled(3) advises.
        pause = min(NAMES_SECONDS, (self.manager.watchdog_seconds or math.inf) / 2)
        while True:
            ready, _, _ = select.select([self._events], [], [], pause)
            # Of the thread that everything goes through: this one could go on alone for ever.
            if self.manager.watchdog_seconds is not None and self.service.has_turns:
                self.manager.alive()
            if not ready:
                if self._is_due():  # the server's own certificate is renewed in time so
                    self._look_at_certificate()
                continue
            number = self._events.recv(1)[0]
            hung_up = number == signal.SIGHUP and self._has_hung_up()
            if number == signal.SIGHUP and not hung_up:
                with contextlib.suppress(ReloadError):  # it is logged
                    self._reload_all("-")
                continue
            if number == ASKED:
                self._answer_all()
                continue
            if number == NODE and not self._has_left():
                continue
            if number == FAILED:
                self.reason = "The server has failed and stops"
                return
            if self.service.has_others:
                self.reason = STOPPING
            if number == NODE:
                log.info("stopping: this node is out of service")
            elif hung_up:
                log.info("stopping: its terminal is closed")
            else:
                log.info("stopping: %s", signal.Signals(number).name)
            return

    def _has_left(self) -> bool:
        """Whether this node is out of service. If not, it may be on its way, or back."""
        leaving = self.service.leaving
        if leaving is not None and leaving.is_done:
            return True
        try:
            self.service.follow_nodes()
        except ListenError as error:
            log.critical("the server must end, as it can't accept anybody again: %s", error)
            self.service.failed.set()
            self.tell(FAILED)
        return False

    def _is_due(self) -> bool:
        age = time.monotonic() - self._looked
        return age > CERTIFICATE_SECONDS or self.service.misses_a_name

    def _answer_all(self) -> None:
        while self._asked:
            asked = self._asked.popleft()
            try:
                if asked.kind == "reload":
                    found: object = self._reload_all(asked.by)._asdict()
                else:
                    found = self._reloader.in_force()
            except ReloadError as error:
                self.service.answer(asked.number, {REFUSED: str(error)})
            else:
                self.service.answer(asked.number, {DONE: found})

    def _reload_all(self, by: str) -> Outcome:
        """by: see Reloader. Raises ReloadError."""
        self._looked = time.monotonic()
        self.manager.reloading()
        try:
            return self._reloader.reload(by)
        finally:
            self.manager.ready()

    def _look_at_certificate(self) -> None:
        self._looked = time.monotonic()
        with contextlib.suppress(ReloadError):
            self._reloader.reload_certificate()


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point. Returns 0 after an orderly stop, 1 when it can't run, 2 for bad usage."""
    return run(command, argv, "securechat-server", (*FAILURES, InstallError))


if __name__ == "__main__":
    sys.exit(main())
