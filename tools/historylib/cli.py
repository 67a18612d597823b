"""The command line of bench_history.py: the server with its log, and the scenes on it."""

from __future__ import annotations

import contextlib
import shlex
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from benchlib.link import LostError, resolve
from benchlib.load import LoadError
from benchlib.ours import IN_A_FILE, PASSWORD
from benchlib.proc import Machine, MachineError, this_machine
from benchlib.process import (
    HOST,
    Process,
    StartError,
    ca_pem,
    configure,
    free_port,
    home_in,
    running,
)
from benchlib.report import ReportError, check_place, put_into
from benchlib.seed import token
from benchlib.servers import Key, Server, nick

from historylib.figures import Scene, as_json
from historylib.log import fill, stored
from historylib.questions import Log
from historylib.scenes import CROWD, Settings, Stage
from securechat.server.data import DataDirectory
from securechat.store import passwords
from securechat.store.pepper import find_pepper
from securechat.store.search.index import FILE_NAME

SUITE = "history"
"""Between whose marks --update puts the figures."""

SCENES = ("index", "calm", "pages", "pagers", "searches", "searchers", "mixed")

CROWDS = ("pagers", "searchers", "mixed")
"""Measured twice: with the usual limits of an account, and without any."""

MANY = "lines_per_second = 1000000.0\nburst_lines = 1000000.0\n"

LEAD = 3.0
"""Seconds of a crowd before it is measured what others feel of it."""

PATHS = ("--json", "--update", "--data", "--directory")
"""Options that don't change what is measured."""

FILE = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True)
class Options:
    """The command line."""

    chosen: Sequence[str]
    messages: int
    data: Path | None
    seconds: float
    processes: int
    clients: int
    directory: Path | None
    quick: bool
    json_file: Path | None
    update: Path | None

    @property
    def settings(self) -> Settings:
        """How long to measure, and with how many."""
        seconds, lead, clients = (0.3, 0.2, 4) if self.quick else (self.seconds, LEAD, self.clients)
        return Settings(self.processes, seconds, lead, clients, _progress)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-s",
    "--scene",
    "chosen",
    multiple=True,
    type=click.Choice(SCENES),
    metavar="NAME",
    help=f"One of {', '.join(SCENES)}; may be given several times. [all of them]",
)
@click.option("--messages", default=10_000_000, show_default=True, type=click.IntRange(1000))
@click.option("--data", type=FILE, help="The data directory: made if it isn't there, and kept.")
@click.option("--seconds", default=20.0, show_default=True, type=click.FloatRange(0.1))
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 16))
@click.option("--clients", default=CROWD, show_default=True, type=click.IntRange(1, 400))
@click.option("--directory", type=FILE, help="For a database that is not kept.")
@click.option("--quick", is_flag=True, help="20,000 messages and short; the figures mean nothing.")
@click.option("--json", "json_file", type=FILE, help="Write everything there.")
@click.option("--update", type=FILE, help="Put the tables there.")
def command(**options: Any) -> None:
    """Measure pages of history and searches in a log of millions, and what others feel of it."""
    found = Options(**options)
    _run(replace(found, messages=20_000) if found.quick else found)


def _run(options: Options) -> None:
    if options.update is not None:
        check_place(options.update, [SUITE])  # before it takes its time
    machine = this_machine(options.directory or options.data)
    with home_in(options.directory) as home:
        data = DataDirectory(options.data or home / "data")
        log = _fill(data, options.messages)
        scenes = list(_scenes(options, home, data, log))
    text = _text(machine, log, options, scenes)
    click.echo(text)
    if options.json_file is not None:
        options.json_file.write_text(as_json(machine, _command_line(), log.messages, scenes))
    if options.update is not None:
        put_into(options.update, SUITE, text)


def _fill(data: DataDirectory, messages: int) -> Log:
    """The log that is there, or a new one."""
    data.create()
    found = stored(data.database)
    if not found:
        _progress(f"{messages:,} messages are written")
        stored_password = passwords.hash_password(
            PASSWORD, cost=4, pepper=find_pepper(data.database, data.pepper)
        )
        fill(data.database, messages, stored_password)
        found = messages
    with contextlib.closing(sqlite3.connect(data.database)) as connection:
        sql = "SELECT value FROM meta WHERE key = 'instance'"
        (instance,) = connection.execute(sql).fetchone()
    return Log(instance, found)


def _scenes(options: Options, home: Path, data: DataDirectory, log: Log) -> Iterator[Scene]:
    chosen = [name for name in SCENES if name in (options.chosen or SCENES)]
    if "index" in chosen:
        for path in data.path.glob(f"{FILE_NAME}*"):
            path.unlink()
    for limited, names in (
        (False, [name for name in chosen if name not in CROWDS]),
        (True, [name for name in chosen if name in CROWDS]),
        (False, [name for name in chosen if name in CROWDS]),
    ):
        if names:
            _read_through(data.path)
            with _server(home, data, limited=limited) as server:
                stage = Stage(server, data.path, log, options.settings)
                for name in names:
                    if name != "index":
                        stage.wait_for_index()
                    _progress(f"{name}{', usual limits' if limited else ''}")
                    scene: Scene = getattr(stage, name)()
                    if name in CROWDS:
                        told = "with the usual limits" if limited else "no limit on lines"
                        scene = replace(scene, title=f"{scene.title}, {told}")
                    _progress(scene.table())
                    yield scene


def _read_through(directory: Path) -> None:
    """So that the files are in the system's cache: it is not the disk that is measured."""
    for path in directory.iterdir():
        with path.open("rb") as file:
            while file.read(1 << 20):
                pass


@contextlib.contextmanager
def _server(home: Path, data: DataDirectory, *, limited: bool) -> Iterator[Server]:
    """limited: an account may say and ask only as much as usual."""
    port = free_port()
    config = configure(
        "securechat.toml",
        home,
        port,
        bcrypt_cost="4",
        lobby="",
        client_ca="",
        web_host="",
        web_port="0",
        **IN_A_FILE,
    )
    if limited:
        config.write_text(config.read_text().replace(MANY, ""))
    command = [sys.executable, "-m", "securechat.server", "--config", str(config)]
    process = Process([*command, "--data", str(data.path)], home, port)
    with running(process):
        yield Server(
            resolve(HOST, port),
            ca_pem(home),
            lambda number: Key(nick(number), token(number)),
            process,
            members=True,
        )


def _text(machine: Machine, log: Log, options: Options, scenes: Sequence[Scene]) -> str:
    head = (
        f"Measured {datetime.now(UTC):%Y-%m-%d} with `{_command_line()}`: {machine.cores} cores of "
        f"{machine.cpu}, Linux {machine.kernel}, Python {machine.python}, {machine.openssl}; "
        f"SQLite {sqlite3.sqlite_version}; TLS 1.3 on loopback; {log.messages:,} messages; "
        f"{options.settings.seconds:g} s each, the crowd in {options.processes} process"
        f"{'es' if options.processes > 1 else ''}. Writing 4 KiB to the disk and syncing it took "
        f"{machine.sync_ms:.2f} ms."
    )
    return "\n\n".join([head, *(scene.table() for scene in scenes)])


def _command_line() -> str:
    """What was typed, without where files are on this machine."""
    shown, skip = ["python", "tools/bench_history.py"], False
    for word in sys.argv[1:]:
        option, equals, _ = word.partition("=")
        if option in PATHS:
            skip = not equals
        elif skip:
            skip = False
        else:
            shown.append(word)
    return shlex.join(shown)


def _progress(text: str) -> None:
    click.echo(text, err=True)


def main() -> int:
    """0 when everything was measured."""
    try:
        code = command.main(prog_name="bench_history.py", standalone_mode=False)
    except click.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (StartError, MachineError, LostError, LoadError, ReportError) as error:
        click.echo(f"bench_history.py: {error}", err=True)
        return 1
    return int(code or 0)
