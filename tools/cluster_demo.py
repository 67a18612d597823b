"""Three nodes over a primary of PostgreSQL and its standby, on this machine, and a prompt at which
you kill them while people talk.

    tools/cluster-demo

Takes PostgreSQL from the system's packages (apt-get install postgresql) and a virtual environment
with securechat in it (make setup). All of it is in a temporary directory, and ends with the prompt.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import click

from securechat.store.postgres.location import PostgresLocation
from tests.support.postgres import USER, PostgresServer, StandbyServer, programs

NAMES = ("a", "b", "c")

PATIENCE = 30.0

ADMIN = "import sys; from securechat.admin.cli import main; sys.exit(main())"
"""As `securechat-admin` runs it, of the Python that runs this."""

CONFIG = """\
[server]
address = "127.0.0.1"
addresses = [{addresses}]

[listen]
port = {port}

[store]
url = "{url}"
# After a failover the standby that is left is alone.
single = true

[cluster]
node = "{name}"
"""

HELP = """\
  kill NAME      the node dies at once, as by a loss of power (kill -9)
  stop NAME      the node ends as by systemctl stop: it tells its people
  start NAME     a node that has ended begins again
  failover       the primary of the database dies, and its standby takes its place
  nodes          which nodes there are, and how many sessions they have
  link           a link for one more person
  help, quit
"""


class DemoError(Exception):
    """It can't be shown; the text says what is missing."""


class Node:
    """A server process. directory: its data."""

    def __init__(self, name: str, directory: Path, port: int, config: Path) -> None:
        self.name = name
        self.directory = directory
        self.port = port
        self._config = config
        self._process: subprocess.Popen[str] | None = None

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *, join: Path | None = None) -> None:
        """Returns when it listens. join: the file that it begins with."""
        words = ["--data", str(self.directory)]
        if join is not None:
            words += ["--join", str(join), "--port", str(self.port)]
        elif self._config.exists():
            words += ["--config", str(self._config)]
        log = self.directory.with_suffix(".log").open("a")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "securechat.server", *words],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        log.close()
        if self._process.stdout is not None:
            for line in self._process.stdout:
                if line.startswith("Ctrl-C"):
                    return
        said = self.directory.with_suffix(".log").read_text().strip().splitlines()
        raise DemoError(f"the node {self.name} did not start: {said[-1] if said else 'no reason'}")

    def end(self, number: signal.Signals) -> None:
        """Returns when it has ended."""
        if self._process is not None and self.runs:
            self._process.send_signal(number)
            self._process.wait(PATIENCE)
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()


class Demo:
    """place: a directory for all of it. port: of the first node; the others have the next ones."""

    def __init__(self, place: Path, port: int) -> None:
        self._place = place
        self._ports = {name: port + number for number, name in enumerate(NAMES)}
        self._nodes: dict[str, Node] = {}
        self._failed_over = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Everything, until the block ends."""
        found = programs()
        if found is None:
            raise DemoError("PostgreSQL isn't installed: apt-get install postgresql")
        with ExitStack() as stack:
            for name in ("primary", "standby"):
                (self._place / name).mkdir(mode=0o700)
            click.echo("A primary of PostgreSQL and its standby begin ...")
            self._primary = PostgresServer(found, self._place / "primary")
            stack.callback(self._end_database, self._primary)
            self._standby = StandbyServer(self._primary, self._place / "standby")
            stack.callback(self._end_database, self._standby)
            location = self._primary.database()
            hosts = f"{self._primary.place},{self._standby.place}"
            name = location.url.partition("?")[0].rpartition("/")[2]
            self._location = PostgresLocation(
                f"postgresql://{USER}@/{name}?host={hosts}&target_session_attrs=read-write"
            )
            stack.callback(self._end_nodes)
            for name in NAMES:
                click.echo(f"The node {name} begins at port {self._ports[name]} ...")
                self._begin(name)
            yield

    def _begin(self, name: str) -> None:
        directory, config = self._place / name, self._place / f"{name}.toml"
        node = self._nodes[name] = Node(name, directory, self._ports[name], config)
        if name == NAMES[0]:
            others = [f'"127.0.0.1:{self._ports[other]}"' for other in NAMES]
            words = {"addresses": ", ".join(others), "url": self._location.url}
            config.write_text(CONFIG.format(port=node.port, name=name, **words))
            node.start()
            return
        file = self._place / f"{name}.node"
        self._admin("nodes", "prepare", name, "127.0.0.1", "--out", str(file))
        node.start(join=file)
        file.unlink()

    def _admin(self, *words: str) -> str:
        first = self._nodes[NAMES[0]]
        flags = ["--data", str(first.directory)]
        if words[:2] == ("nodes", "prepare"):
            flags += ["--config", str(self._place / f"{first.name}.toml")]
        command = [sys.executable, "-c", ADMIN, *flags, *words]
        done = subprocess.run(
            command, check=False, timeout=PATIENCE, capture_output=True, text=True
        )
        if done.returncode:
            raise DemoError(done.stderr.strip())
        return done.stdout

    @staticmethod
    def _end_database(server: PostgresServer) -> None:
        if Path(server.data, "postmaster.pid").exists():
            server.stop("immediate")

    def _end_nodes(self) -> None:
        for node in self._nodes.values():
            node.end(signal.SIGKILL)

    # What is typed

    def obey(self, line: str) -> bool:
        """Do what a line says; False when it says to end. Raises DemoError."""
        words = shlex.split(line) or [""]
        command, rest = words[0], words[1:]
        if command in ("quit", "exit"):
            return False
        commands: dict[str, Callable[[], object]] = {
            "": lambda: None,
            "help": lambda: click.echo(HELP),
            "nodes": self._tell_nodes,
            "link": self._tell_link,
            "failover": self._fail_over,
        }
        if command in ("kill", "stop", "start") and len(rest) == 1 and rest[0] in self._nodes:
            self._treat(command, self._nodes[rest[0]])
        elif command in commands and not rest:
            commands[command]()
        else:
            names = ", ".join(NAMES)
            raise DemoError(f"expected one of these, with NAME one of {names}:\n{HELP}")
        return True

    def _treat(self, command: str, node: Node) -> None:
        if command == "start":
            if node.runs:
                raise DemoError(f"the node {node.name} runs")
            node.start()
            click.echo(f"The node {node.name} is back.")
            return
        if not node.runs:
            raise DemoError(f"the node {node.name} has ended; start {node.name}")
        node.end(signal.SIGKILL if command == "kill" else signal.SIGTERM)
        click.echo(f"The node {node.name} has ended. Its people come to another one by themselves.")

    def _fail_over(self) -> None:
        if self._failed_over:
            raise DemoError("that was the only standby")
        self._failed_over = True
        self._primary.stop("immediate")
        self._standby.promote()
        # From now on it is alone; without this it would wait for a standby for ever.
        self._standby.execute("ALTER SYSTEM RESET synchronous_standby_names")
        self._standby.execute("SELECT pg_reload_conf()")
        click.echo("The standby is the primary now. Who talks has waited for a moment.")

    def _tell_nodes(self) -> None:
        click.echo(self._admin("nodes"))

    def _tell_link(self) -> None:
        (link, *_) = re.findall(r"securechat://\S+", self._admin("invite"))
        click.echo(f"  {program()} {link}")

    def tell_how(self) -> None:
        """What to do next."""
        click.echo("\nIn another terminal (and, with `link`, in further ones):\n")
        self._tell_link()
        click.echo(f"\nThen, while people talk, at this prompt:\n\n{HELP}")


def program() -> str:
    """What is typed for our client."""
    beside = Path(sys.executable).with_name("securechat")
    return str(beside) if beside.exists() else "securechat"


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--port", default=7001, show_default=True, help="Of the first node; then the next.")
def main(port: int) -> None:
    with tempfile.TemporaryDirectory(prefix="demo", dir=_short()) as name:
        place = Path(name)
        if os.getuid() == 0:
            place.chmod(0o711)  # the database runs as another user
        demo = Demo(place, port)
        try:
            with demo.running():
                demo.tell_how()
                _prompt(demo)
        except DemoError as error:
            raise click.ClickException(str(error)) from error


def _short() -> str:
    """A socket's path may have 107 characters."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"


def _prompt(demo: Demo) -> None:
    while True:
        try:
            line = input("cluster> ")
        except (EOFError, KeyboardInterrupt):
            return
        try:
            if not demo.obey(line):
                return
        except (DemoError, ValueError) as error:
            click.echo(f"  {error}")


if __name__ == "__main__":
    main()
