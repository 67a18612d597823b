"""How the whole suite is run by several processes (pytest-xdist), and by one of them alone while a
test measures time. A part of it, such as one file, is run by one process.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from securechat.common import language
from securechat.store.sqlite.database import FILE_NAME
from tests.security.summary import report_attacks
from tests.support.long_form import times
from tests.support.new_database import new_database

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

    from securechat.store.database import Location
    from securechat.store.postgres.location import PostgresLocation
    from tests.support.postgres import PostgresServer

    NewLocation = Callable[[], contextlib.AbstractContextManager[Location]]

LONGEST = (
    *("server/test_standby_watch.py", "tools", "walks", "web/browser", "server/nodes"),
    *("security/faults", "fuzz", "server/test_admin_live.py", "web/page"),
)
"""Directories and files with few tests that take long each, mostly as they wait for other programs.
"""

SPREAD = 0.6
"""In which part of a run these begin: all at once would leave the CPUs idle, and at the end one
would be waited for.
"""

FLOOD = "test_flood_"
"""Of these files one process runs all: two floods at a time would starve each other."""

PROCESSES = 5
"""Of the whole suite: on two cores, as most of a test is waiting for a clock or a disk."""

MEMORY, MEMORY_BYTES = Path("/dev/shm"), 2 << 30
"""Where the tests' directories are, if there is so much room: a server's start waits some forty
times for a disk, and there are hundreds of starts. A run needs a quarter of it.
"""

TEMPORARY = "PYTEST_DEBUG_TEMPROOT"
"""By this name in the environment pytest is told where its directories are to be."""

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Of these a program's handlers would be run into by other tests."""

LOCKS = "SECURECHAT_TEST_LOCKS"
"""Names the directory, in the environment, by which the processes of a run wait for each other."""


# The texts that tests compare with, whatever the machine speaks; their programs inherit it.
os.environ["LANGUAGE"] = "C"

# Else each of the hundreds of programs that a run starts compiles all that it imports, and so does
# each process of the run; with tests that takes three times as long, for what pytest adds to them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes says how busy the machine is. There are other ones in each run.
settings.register_profile("securechat", deadline=None, max_examples=times(25, 1000))
settings.load_profile("securechat")


@pytest.fixture
def russian(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment asks for Russian."""
    monkeypatch.setenv("LANGUAGE", "ru")
    monkeypatch.delenv("LC_ALL", raising=False)
    language.forget()
    yield
    monkeypatch.undo()
    language.forget()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One for all tests of a process."""
    # Most tests need none, and no psycopg.
    from tests.support.postgres import running

    with running() as server:
        if server is None:
            pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
        yield server


@pytest.fixture
def there(postgres_server: PostgresServer) -> Iterator[PostgresLocation]:
    """An empty database of it."""
    with postgres_server.lent() as location:
        yield location


@pytest.fixture(params=["sqlite", "postgres"])
def new_location(request: pytest.FixtureRequest, tmp_path: Path) -> NewLocation:
    """Gives, as often as it is called, an empty database of an engine."""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        return server.lent

    @contextlib.contextmanager
    def of_sqlite() -> Iterator[Path]:
        yield new_database(tmp_path / FILE_NAME)
        (tmp_path / FILE_NAME).unlink(missing_ok=True)

    return of_sqlite


@pytest.fixture
def location(new_location: NewLocation) -> Iterator[Location]:
    """One, of each engine."""
    with new_location() as found:
        yield found


def pytest_configure(config: pytest.Config) -> None:
    """The process that starts the others writes the table of attacks."""
    # A shell has what it runs in the background ignore a Ctrl-C, and so would all programs of ours.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    report_attacks(config, Path(__file__).parent / "security")
    if not hasattr(config, "workerinput"):
        if has_room(MEMORY):
            os.environ.setdefault(TEMPORARY, str(MEMORY))
        os.environ[LOCKS] = tempfile.mkdtemp(prefix="securechat-tests-")
        if getattr(config.option, "numprocesses", None) and not config.option.file_or_dir:
            compile_all(config.rootpath)


def compile_all(root: Path) -> None:
    """Before the processes of a run start, which would each compile all tests at the same time; by
    children, as what is imported here, and in which order, must be of no account.
    """
    tests = [path for path in Path(__file__).parent.rglob("test_*.py") if not _is_compiled(path)]
    share = os.cpu_count() or 1
    children = []
    for number in range(min(share, len(tests))):
        pid = os.fork()
        if pid == 0:
            try:
                for path in tests[number::share]:
                    with contextlib.suppress(Exception):  # it is told where the tests are gathered
                        importlib.import_module(
                            ".".join(path.relative_to(root).with_suffix("").parts)
                        )
                _keep_constants()
            finally:
                os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)


def _keep_constants() -> None:
    """Hypothesis tries the constants of all sources that are loaded, and keeps what it has found:
    else each process of the run would read them all.
    """
    with contextlib.suppress(Exception):  # it is a name of its own; without, all is only slower
        from hypothesis.internal.conjecture.providers import _get_local_constants

        _get_local_constants()


def _is_compiled(path: Path) -> bool:
    """Whether pytest has done so since it was changed."""
    name = f"{path.stem}.{sys.implementation.cache_tag}-pytest-{pytest.__version__}.pyc"
    try:
        return (path.parent / "__pycache__" / name).stat().st_mtime >= path.stat().st_mtime
    except OSError:
        return False


def has_room(directory: Path) -> bool:
    """Whether tests may have their files there, and the programs that some of them make."""
    try:
        disk = os.statvfs(directory)
    except OSError:
        return False
    runs = not disk.f_flag & os.ST_NOEXEC  # of a container it often is no place for programs
    return runs and os.access(directory, os.W_OK) and disk.f_bavail * disk.f_frsize > MEMORY_BYTES


def pytest_unconfigure(config: pytest.Config) -> None:
    """The locks are of no use any more."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(LOCKS, ""), ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Share out by files: the tests of one have a server in common."""
    option = config.option
    if hasattr(config, "workerinput") or not hasattr(option, "numprocesses"):
        return
    if option.numprocesses is None and _is_whole(config):
        option.numprocesses = PROCESSES
        option.tx = ["popen"] * PROCESSES
    if option.numprocesses:
        option.dist, option.loadscopereorder = "loadfile", False


def _is_whole(config: pytest.Config) -> bool:
    """Whether all tests were asked for, and nobody wants to look into one of them."""
    option = config.option
    chosen = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    return not (chosen or option.keyword or option.usepdb or option.collectonly or option.trace)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Garbage is not looked for among ten thousand tests, neither while they are gathered, which
    took half as long again, nor later.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest early, among others that keep the CPUs busy, or one process waits at the end for
    the others; last those that run alone, or all would wait for each of them.
    """
    if hasattr(config, "workerinput"):
        alone = {item.path for item in items if _measures_time(item)}
        begins = _beginnings(list(dict.fromkeys(item.path for item in items)))
        items.sort(key=lambda item: (item.path in alone, begins[item.path]))


def _beginnings(files: list[Path]) -> dict[Path, float]:
    """When the turn of each file comes, in parts of the run."""
    ranks = {path: _rank(path) for path in files}
    long = sorted((path for path in files if ranks[path] < len(LONGEST)), key=lambda p: ranks[p])
    others = [path for path in files if ranks[path] == len(LONGEST)]
    found = {path: number / len(others) for number, path in enumerate(others)}
    return found | {path: SPREAD * number / len(long) for number, path in enumerate(long)}


def _rank(path: Path) -> int:
    """The place of a file among those that take long; behind all of them if it doesn't."""
    if path.name.startswith(FLOOD):
        return -1
    file = path.relative_to(Path(__file__).parent)
    ranks = [
        LONGEST.index(one.as_posix()) for one in (file, file.parent) if one.as_posix() in LONGEST
    ]
    return min(ranks, default=len(LONGEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Files are shared out, and the floods as if they were one."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return FLOOD if file.rpartition("/")[2].startswith(FLOOD) else file

    return Files(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test that measures time runs alone; it waits for the others' tests, and they for it. What
    a signal does is as before it: a server's program leaves its handlers, as its process ends with
    it, but a test has run it in a process where other tests come.
    """
    handlers = {number: signal.getsignal(number) for number in ENDS}
    try:
        if not hasattr(item.config, "workerinput"):
            return (yield)
        with _turn(alone=_measures_time(item)):
            return (yield)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _measures_time(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None


@contextlib.contextmanager
def _turn(*, alone: bool) -> Iterator[None]:
    """Whoever waits here holds the first lock, so that those who come later don't come before."""
    with _opened("next") as next_one, _opened("tests") as tests:
        fcntl.flock(next_one, fcntl.LOCK_EX)
        fcntl.flock(tests, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(next_one, fcntl.LOCK_UN)
        yield


@contextlib.contextmanager
def _opened(name: str) -> Iterator[int]:
    fd = os.open(Path(os.environ[LOCKS]) / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield fd
    finally:
        os.close(fd)
