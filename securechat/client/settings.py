"""The settings directory: whom we trust for which server, the last server, its accounts.

    servers.json          {"last": "chat.example:6697", "accounts": {"chat.example:6697": "alice"},
                           "used": {"chat.example:6697": "2026-01-31"}}, the day of the last login
                           and, of a server with several addresses, each under the one by which it
                           is known: "addresses": {"chat.example:6697": ["b.example:6697"]}, the
                           further ones, "told", those that the server has told itself, and
                           "reached", which has where the last login went
    pins/HOST_PORT.pem    the only CA that is trusted for that server, or the word "system" where
                          the authorities of this system were
    ignored.json          {"alice@chat.example:6697": ["bob"]}

A profile is such a directory of its own, profiles/NAME below the standard one.

"remember": false in servers.json has no device remembered (tokens.py); "notify": "off", "bell" or
"desktop" says how the full screen tells of a message to us while nobody looks. No password is ever
kept here. The directory is 0700 and its files are 0600; several clients change one after the other
what all of them have there. Main thread only.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from securechat.client.exits import SettingsError, UsageError
from securechat.client.session.identity import Address, fold, parse_address
from securechat.common import files
from securechat.common.record import Record
from securechat.credentials.link import MOST_ADDRESSES

if TYPE_CHECKING:
    from securechat.client.ignoring import Ignored

VARIABLE = "SECURECHAT_CONFIG_DIR"
PROFILE = "SECURECHAT_PROFILE"

SYSTEM = "system"
"""Stands in a pin's place: the server was verified by the authorities of this system."""


NOTIFY = ("off", "bell", "desktop")


# A name and no path: it can't lead out of the directory, be hidden, or look like an option.
_PROFILE = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII | re.IGNORECASE)


def default_directory(profile: str = "") -> Path:
    """The settings directory: SECURECHAT_CONFIG_DIR, or this system's place for settings, and of a
    profile, this one or that of SECURECHAT_PROFILE, the one below it. Raises UsageError.
    """
    named = os.environ.get(VARIABLE)
    base = Path(named) if named else of_system()
    return of_profile(base, profile or os.environ.get(PROFILE, ""))


def of_system(state: bool = False) -> Path:
    """This system's place for settings, or for what a program keeps beside them (state)."""
    import platformdirs  # only here, as neither help nor who names a directory needs it

    place = platformdirs.user_state_dir if state else platformdirs.user_config_dir
    return Path(place("securechat"))


def of_profile(base: Path, profile: str) -> Path:
    """What a profile has in the place of a directory; '' for none. Raises UsageError."""
    if not profile:
        return base
    if not _PROFILE.fullmatch(profile):
        raise UsageError(
            "expected a name for the profile, of at most 32 letters of a to z, digits, _ and -; "
            f"got {profile!r}"
        )
    return base / "profiles" / profile


def profiles(base: Path) -> list[str]:
    """The names of the profiles that there are below a standard directory."""
    found = (path for path in (base / "profiles").glob("*") if path.is_dir())
    return sorted(path.name for path in found if _PROFILE.fullmatch(path.name))


class Server(Record):
    """A server as it is to be looked for. address: by which it is known here: whom we trust there,
    and who we are. addresses: all at which it may be found, that one among them. first: where it
    was found last. told: of these, what the server has told and nobody has named now.
    """

    address: Address
    addresses: tuple[Address, ...]
    first: Address | None = None
    told: tuple[Address, ...] = ()

    @property
    def everywhere(self) -> str:
        """All its addresses, as they can be typed."""
        return ",".join(map(str, self.addresses))


class KnownServer(Record):
    """A server where somebody has logged in. used: the day of the last time, '' when unknown.
    further: its other addresses.
    """

    address: Address
    account: str
    used: str = ""
    further: tuple[Address, ...] = ()

    @property
    def target(self) -> str:
        """As it can be typed behind `login`."""
        return f"{self.account}@{self.address}"

    @property
    def everywhere(self) -> str:
        """The same with all addresses."""
        return ",".join([self.target, *map(str, self.further)])


class SettingsDirectory:
    """Reads and writes what is kept of each server. directory: made at the first write."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._servers = directory / "servers.json"
        self._ignored = directory / "ignored.json"

    def pin_file(self, address: Address) -> Path:
        """The path of the file with the trust for address, whether there is one or not."""
        return self.directory / "pins" / f"{quote(address.host, safe='')}_{address.port}.pem"

    def trusted(self, address: Address) -> str | None:
        """The trust of our last login there: PEM text, or SYSTEM; None if there was no login.

        Raises SettingsError.
        """
        kept = _read(self.pin_file(address))
        if kept is not None:
            return SYSTEM if kept.strip() == SYSTEM else kept
        # Before that word was kept, a server without a pin was one that the system had verified.
        return SYSTEM if self.account(address) is not None else None

    def pin(self, address: Address) -> str | None:
        """The pinned CA as PEM text, None when there is none. Raises SettingsError."""
        kept = self.trusted(address)
        return None if kept == SYSTEM else kept

    def pins(self) -> Iterator[tuple[Address, str]]:
        """All servers with a pinned CA; those whose pin can't be read or trusted are left out."""
        for path in sorted((self.directory / "pins").glob("*.pem")):
            host, _, port = path.stem.rpartition("_")
            if not (host and port.isascii() and port.isdigit()):
                continue
            address = Address(unquote(host), int(port))
            with suppress(SettingsError):
                pem = self.pin(address)
                # A file by another spelling of the host is not the one that a login looks at.
                if pem is not None and self.pin_file(address) == path:
                    yield address, pem

    def save_pin(self, address: Address, pem: str) -> None:
        """Trust this CA, and no other, for address from now on. Raises SettingsError."""
        write_private(self.pin_file(address), pem)

    def save_system(self, address: Address) -> None:
        """Trust the authorities of this system for address. Raises SettingsError."""
        write_private(self.pin_file(address), f"{SYSTEM}\n")

    def remember(self, address: Address, account: str, day: date | None = None) -> None:
        """This was the last server, and our account there. day: today. Raises SettingsError."""
        with self._changing(self._servers) as content:
            content["last"] = str(address)
            content["accounts"] = {**self._texts("accounts"), str(address): account}
            if day is not None:
                content["used"] = {**self._texts("used"), str(address): day.isoformat()}

    def server(self, named: Sequence[Address]) -> Server:
        """The server that somebody has named by one address or by several of its own. Raises
        SettingsError.
        """
        # By the first one that is known here: nodes of one server make links in which each of them
        # stands first. Never by an address that is known as another server's further one only:
        # whoever makes a link could then have names lead to a server of their own.
        address = next((one for one in named if self.trusted(one) is not None), named[0])
        first = self._reached(address)
        if len(named) > 1:
            return Server(address, tuple(named), first)
        told = self._listed("told", address)
        return Server(address, (address, *self.further(address)), first, told)

    def further(self, address: Address) -> tuple[Address, ...]:
        """The other addresses of a server that is known by this one. Raises SettingsError."""
        found = dict.fromkeys((*self._listed("told", address), *self._listed("addresses", address)))
        return tuple(one for one in found if one != address)[: MOST_ADDRESSES - 1]

    def keep_addresses(
        self,
        server: Server,
        reached: Address | None = None,
        told: Sequence[Address] | None = None,
    ) -> None:
        """Look for it there from now on. reached: where it was found now. told: what it tells of
        itself, in the place of what it told before; None where it was not asked. Raises
        SettingsError.
        """
        key, kept = server.address, server.told
        if len(server.addresses) == 1 and not told:
            return
        if told is not None:
            # Where it was found it can be found, whatever this node leaves out.
            now = (*told, *(one for one in kept if one == reached))
            # Each node begins with itself: what is the same in another order stays as it was.
            kept = kept if set(now) - {key} == set(kept) - {key} else now
        with self._changing(self._servers) as content:
            given = server.addresses
            if server.told:  # which may have taken the room of what somebody has named once
                given += self._listed("addresses", key)
            own = [one for one in given if one not in (*kept, *server.told)]
            for name, found in ("addresses", own), ("told", kept):
                further = [str(one) for one in dict.fromkeys(found) if one != key]
                lists = {**self._mapping(name), str(key): further}
                content[name] = {one: kept_list for one, kept_list in lists.items() if kept_list}
                if not content[name]:
                    del content[name]
            if reached is not None:
                content["reached"] = self._texts("reached") | {str(key): str(reached)}

    def _listed(self, name: str, address: Address) -> tuple[Address, ...]:
        kept = self._mapping(name).get(str(address), [])
        if not isinstance(kept, list):
            raise SettingsError(f'{self._servers}: expected "{name}" to map servers to lists')
        return tuple(dict.fromkeys(_addresses(map(str, kept))))

    def _reached(self, address: Address) -> Address | None:
        return next(_addresses([self._texts("reached").get(str(address), "")]), None)

    def forget(self, address: Address) -> bool:
        """Trust nothing for address any more, and know no account there; whether there was
        anything. Raises SettingsError.
        """
        if not self.pin_file(address).exists() and self.account(address) is None:
            return False
        # The account first: without a pin it would stand for the authorities of the system.
        with self._changing(self._servers) as content:
            for key in ("accounts", "used", "addresses", "told", "reached"):
                if key in content:
                    kept = self._mapping(key).items()
                    content[key] = {text: value for text, value in kept if not _is(text, address)}
            if self.last() == address:
                content.pop("last")
        remove_private(self.pin_file(address))
        return True

    def known(self) -> list[KnownServer]:
        """All servers with an account of ours, the last one first, and then by the day of the last
        login. Raises SettingsError.
        """
        used, last = self._texts("used"), self.last()
        servers = []
        for text, account in self._texts("accounts").items():
            with suppress(UsageError):  # a person has written it, and a login would say so
                address = parse_address(text)
                day, further = used.get(text, ""), self.further(address)
                servers.append(KnownServer(address, account, day, further))
        return sorted(servers, key=lambda one: (one.address == last, one.used), reverse=True)

    def last(self) -> Address | None:
        """The server of the last login. Raises SettingsError."""
        last = self._load().get("last")
        if last is None:
            return None
        try:
            return parse_address(last if isinstance(last, str) else "")
        except UsageError as error:
            raise SettingsError(f'{self._servers}: "last": {error}') from None

    def account(self, address: Address) -> str | None:
        """Our account at address when we logged in last. Raises SettingsError."""
        accounts = self._texts("accounts")
        known = accounts.get(str(address))
        # The file may have it in another spelling, as a person has written it, or we once did.
        return known or next((accounts[text] for text in accounts if _is(text, address)), None)

    def ignored(self, address: Address, account: str) -> Ignored:
        """Whom our account there ignores, to be changed. Raises SettingsError."""
        from securechat.client.ignoring import Ignored  # only here, as few commands need it

        key = f"{fold(account)}@{address}"

        def listed(content: dict[str, object]) -> list[str]:
            names = content.get(key, [])
            if not isinstance(names, list):
                raise SettingsError(f"{self._ignored}: expected lists of names; delete it")
            return [name for name in names if isinstance(name, str)]

        @contextmanager
        def changing() -> Iterator[list[str]]:
            with self._changing(self._ignored) as content:
                content[key] = names = listed(content)
                yield names

        return Ignored(listed(_object(self._ignored)), changing, str(self._ignored))

    @property
    def remembers(self) -> bool:
        """Whether this device may be remembered; true unless switched off. Raises SettingsError."""
        wish = self._load().get("remember", True)
        if not isinstance(wish, bool):
            raise SettingsError(
                f'{self._servers}: "remember": expected true or false; got {wish!r}'
            )
        return wish

    @property
    def notify(self) -> str:
        """How to tell of a message to us: one of NOTIFY. Raises SettingsError."""
        wish = self._load().get("notify", NOTIFY[-1])
        if wish not in NOTIFY:
            raise SettingsError(
                f'{self._servers}: "notify": expected "off", "bell" or "desktop"; got {wish!r}'
            )
        return str(wish)

    def _texts(self, key: str) -> dict[str, str]:
        return {server: str(text) for server, text in self._mapping(key).items()}

    def _mapping(self, key: str) -> dict[str, object]:
        found = self._load().get(key, {})
        if not isinstance(found, dict):
            raise SettingsError(f'{self._servers}: expected "{key}" to map servers to names')
        return found

    def _load(self) -> dict[str, object]:
        return _object(self._servers)

    @contextmanager
    def _changing(self, path: Path) -> Iterator[dict[str, object]]:
        """What a file holds, which is written as the block leaves it. No other client changes it
        meanwhile.
        """
        _make_directories(path)
        with files.locked(self.directory):
            content = _object(path)
            before = _as_text(content)
            yield content
            if (text := _as_text(content)) != before:
                write_private(path, text)


def _object(path: Path) -> dict[str, object]:
    """What a file of ours holds. Raises SettingsError."""
    text = _read(path)
    try:
        content = json.loads(text or "{}")
    except ValueError as error:
        raise SettingsError(
            f"{path}: expected JSON ({error}); delete the file to begin anew"
        ) from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: expected an object; delete it to begin anew")
    return content


def _as_text(content: dict[str, object]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _addresses(texts: Iterable[str]) -> Iterator[Address]:
    """Those that are some: a person may have written them."""
    for text in texts:
        with suppress(UsageError):
            yield parse_address(text)


def _is(text: str, address: Address) -> bool:
    """Whether text is address, in whatever spelling."""
    with suppress(UsageError):
        return parse_address(text) == address
    return False


def _read(path: Path) -> str | None:
    # Others may read it, as it holds no secret; who can write it says whom we trust.
    return read_private(
        path,
        0o022,
        f"others may write this file, so it can't be trusted; check it and run: chmod 600 {path}",
    )


# --- private files: 0600 from birth, in directories of 0700, replaced as a whole ------------------


def read_private(path: Path, forbidden: int, advice: str) -> str | None:
    """The text of a file, None when there is none.

    forbidden: permission bits that it may not have; advice: what is wrong if it has, and what to
    do. Nor may it be another user's, who may change it. Raises SettingsError.
    """

    def refuse_open(found: os.stat_result) -> None:
        if found.st_mode & forbidden:
            raise SettingsError(f"{path}: {advice}")
        if foreign := files.foreign_owner(found, path):
            raise SettingsError(f"{path}: {foreign}")

    try:
        # Somebody's editor may have written the line ends of another system.
        return files.read_named(path, check=refuse_open).decode().replace("\r\n", "\n")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsError(f"can't read {path}: {reason}") from None


def write_private(path: Path, text: str) -> None:
    """Atomically: a reader finds the old content or the new, also after a power cut.

    Makes the directories above it that are missing. Raises SettingsError.
    """
    _make_directories(path)
    with _writing(path):
        files.replace(path, text.encode())


def _make_directories(path: Path) -> None:
    """Those above it that are missing. Raises SettingsError."""
    with _writing(path):
        # Each by itself, as mkdir() gives the mode only to the last one that it makes.
        for directory in reversed(path.parents):
            if not directory.exists():
                directory.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(f"can't write {path}: {error.strerror}") from None


def remove_private(path: Path) -> None:
    """Delete a file, if it is there. Raises SettingsError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(f"can't delete {path}: {error.strerror}") from None
