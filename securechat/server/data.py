"""The data directory: where it is, who may look into it, and that one server at a time uses it."""

from __future__ import annotations

import fcntl
import os
import shlex
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import platformdirs

from securechat.common.files import exposure, foreign_owner
from securechat.server import store_file
from securechat.server.store_file import StoreFileError
from securechat.store import pepper
from securechat.store.database import FORMAT, Location, format_of, size_of
from securechat.store.errors import StoreError, too_new
from securechat.store.postgres.location import PostgresLocation
from securechat.store.search import index as search_index
from securechat.store.sqlite import database

CONFIGURATION = "securechat.toml"

LOCK_SECONDS = 0.5
"""How long a starting server tries: who only looks, in running(), holds the lock for an instant."""

_RETRY_SECONDS = 0.02


class DataError(Exception):
    """The data directory can't be used; the text says why and what to do."""


def default_directory() -> Path:
    """Where this user's server keeps its data when --data isn't given."""
    return platformdirs.user_data_path("securechat") / "server"


class DataDirectory:
    """path: the directory. Making one doesn't touch the disk. database: where the one is that is a
    file in it; location tells whether it is.
    """

    def __init__(self, path: Path) -> None:
        # So that a later change of the working directory changes nothing.
        self.path = path.absolute()
        self.database = self.path / database.FILE_NAME
        self.search_index = self.path / search_index.FILE_NAME
        self.pepper = self.path / pepper.FILE_NAME
        self.tls = self.path / "tls"
        self.store = self.path / store_file.FILE_NAME
        self.configuration = self.path / CONFIGURATION
        """Which a server goes by that is told no other."""
        self.node = ""
        """The name of the node that runs on it, as choose() was told; '' where there are none."""
        self._location: Location | None = None
        self._lock_path = self.path / "lock"
        self._lock: int | None = None

    @property
    def location(self) -> Location:
        """Where the database is. Raises DataError."""
        if self._location is None:
            self._location = self._kept() or self.database
        return self._location

    @property
    def files(self) -> list[Path]:
        """The databases that are files in it. Raises DataError."""
        found = [self.location, self.search_index]
        return [place for place in found if isinstance(place, Path)]

    def own_configuration(self) -> Path | None:
        """The file with its configuration; None where there is none."""
        return self.configuration if os.path.exists(self.configuration) else None  # noqa: PTH110

    def _kept(self) -> PostgresLocation | None:
        try:
            return store_file.read_location(self.store)
        except StoreFileError as error:
            raise DataError(str(error)) from error

    def choose(self, wanted: PostgresLocation | None, node: str = "") -> None:
        """Go on with the database that a configuration names, None for a file in the directory; as
        the node that it names, '' for a server that is alone on its database. Raises DataError
        where the directory has another one, with what was said in it.
        """
        kept = self._kept()
        if kept is not None and wanted is None:
            raise DataError(
                f"{self.path} has its database at {kept}, and the configuration names none: put "
                "that as url into [store], or bring it back with `securechat-admin move`"
            )
        if kept is not None and wanted and not store_file.is_same_database(kept, wanted):
            raise DataError(
                f"{self.path} has its database at {kept}, and the configuration names {wanted}. "
                "`securechat-admin move` takes it elsewhere; if that is the same one by another "
                "name, as of a balancer, or it has been taken there by means of PostgreSQL, change "
                f"the url in {self.store} too"
            )
        if wanted is not None and kept is None and _size(self.database) > 0:
            raise DataError(
                f"{self.path} has a database in it, and the configuration has another one at "
                f"{wanted}: `securechat-admin move '{wanted.url}'` brings the one over"
            )
        self._location = wanted or self.database
        self.node = node

    def keep_choice(self) -> None:
        """Have all that use the directory from now on find its database there. Raises DataError."""
        location = self.location
        if not isinstance(location, PostgresLocation):
            return
        if (location, self.node) != (self._kept(), self.kept_node()):
            try:
                store_file.write_location(self.store, location, self.node)
            except StoreFileError as error:
                raise DataError(str(error)) from error

    def kept_node(self) -> str:
        """The name of the node that ran on it last; '' where it was none. Raises DataError."""
        try:
            return store_file.read_node(self.store)
        except StoreFileError as error:
            raise DataError(str(error)) from error

    def create(self) -> None:
        """Make it, 0700, when it is missing; refuse one that others can look into.

        Raises DataError.
        """
        try:
            # With its mode from the beginning: a chmod afterwards would leave a moment.
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(
                f"can't make the data directory {self.path}: {error.strerror}; "
                "choose another with --data"
            ) from error
        self._check_private()

    def _check_private(self) -> None:
        found = self.path.stat()
        mode = stat.S_IMODE(found.st_mode)
        # Refused and not mended: it may be somebody else's directory, named by mistake.
        if mode & 0o077:
            raise DataError(
                f"{self.path} can be read by others (mode {mode:04o}); it holds everybody's "
                f"messages. Close it with: chmod 700 {shlex.quote(str(self.path))}"
            )
        reason = foreign_owner(found, self.path)
        if reason is not None:
            raise DataError(f"{self.path}: {reason}")

    def check_files(self) -> None:
        """Refuse to go on with a secret that others can read, or that is another user's.

        Only what is there is looked at. Raises DataError.
        """
        for fault in self.exposed_files():
            raise DataError(fault)

    def exposed_files(self) -> Iterator[str]:
        """What check_files refuses, all of it."""
        for path in self._secrets():
            try:
                reason = exposure(path.stat(), path)
            except FileNotFoundError:
                continue
            except OSError as error:
                reason = f"can't be looked at: {error.strerror}"
            if reason is not None:
                yield f"{path}: {reason}"

    def _secrets(self) -> list[Path]:
        """Files that hold a secret, or by which somebody could disturb the server."""
        # SQLite's companions hold the same messages.
        beside = [*database.files_of(self.database), *database.files_of(self.search_index)]
        keys = sorted(self.tls.glob("*-key.pem"))
        return [*beside, self.pepper, *keys, self._lock_path, self.store, *self._passwords()]

    def _passwords(self) -> list[Path]:
        location = self.location
        if isinstance(location, PostgresLocation) and location.password_file is not None:
            return [location.password_file]
        return []

    def check_database(self) -> None:
        """There must be one already, which others can't look into. Raises DataError."""
        try:
            (self.database if isinstance(self.location, Path) else self.path).stat()
            self._check_private()
            self.check_files()
        except (FileNotFoundError, NotADirectoryError):
            raise DataError(
                f"no securechat server has run on {self.path} yet: start securechat-server once, "
                "or name its directory with --data"
            ) from None
        except OSError as error:
            raise DataError(
                f"can't look into {self.path}: {error.strerror}; do this as the user that the "
                "server runs as"
            ) from error
        self._check_version()

    def _check_version(self) -> None:
        """A server must not have its tables changed under it: it would store nothing any more."""
        if self.running() and (version := self.older_format()) is not None:
            raise DataError(
                f"the server that runs on {self.path} is of an older version than this program "
                f"(its format is {version}, this one's {FORMAT}): restart it with this "
                "version, or use the program that it came with"
            )

    def older_format(self) -> int | None:
        """That of a database which the next start of a server makes new; None when there is nothing
        to be made new. Raises StoreError, also for one that only a newer version knows.
        """
        # Only read: opening it to write would bring it to this program's format.
        version = format_of(self.location)
        if version > FORMAT:
            raise too_new(self.location, version, FORMAT)
        return version if 0 < version < FORMAT else None

    def lock(self) -> None:
        """Hold the directory until the process ends. Raises DataError when another one does."""
        try:
            # Not a new file: it stays when a server ends, as another may wait for its lock.
            handle = os.open(self._lock_path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataError(
                f"can't write in the data directory {self.path}: {error.strerror}; check its owner "
                "and mode, or choose another with --data"
            ) from error
        if not _locked(handle):
            # The file outlives its server, but who holds the lock has written its own number.
            holder = os.read(handle, 20).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise DataError(
                f"a securechat-server runs on {self.path} already (process {holder}); end it; a "
                "second server takes another --data and --port"
            )
        with suppress(OSError):  # it is for people to read; on a full disk the lock is one without
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._lock = handle

    def running(self) -> bool:
        """Whether a server holds the directory now."""
        try:
            handle = os.open(self._lock_path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            # Shared, so that two who look don't take each other for a server.
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def unlock(self) -> None:
        """Let go of it."""
        if self._lock is not None:
            # Closing lets go of it. The file stays, see lock().
            os.close(self._lock)
            self._lock = None


def _locked(handle: int) -> bool:
    """Take the lock, trying for a while."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_RETRY_SECONDS)
        else:
            return True


def file_sizes(data: DataDirectory) -> dict[str, int]:
    """In bytes, of those databases and write-ahead logs that there are."""
    names = {data.database: "database", data.search_index: "search index"}
    paths = {names[path]: path for path in data.files}
    wals = {f"{name} WAL": path.with_name(f"{path.name}-wal") for name, path in paths.items()}
    found = {name: size for name, path in (paths | wals).items() if (size := _size(path)) >= 0}
    if isinstance(data.location, PostgresLocation):
        with suppress(StoreError):
            found = {"database": size_of(data.location), **found}
    return found


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return -1
