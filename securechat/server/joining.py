"""`securechat-server --join`: makes a data directory of what another node has prepared.

The file may be a stranger's until somebody has looked: nothing of it is written outside of the
directory, and nothing at all unless the directory is empty and all of it fits together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from securechat.ca import files
from securechat.ca.files import NewFile
from securechat.common.files import sync_directory, write_new
from securechat.server.config import SECTIONS, Config, parse_config
from securechat.server.data import DataDirectory
from securechat.server.node_archive import (
    CA,
    CERTIFICATE,
    CLIENT_CA,
    KEY,
    PASSWORD,
    JoinError,
    NodeArchive,
    read_archive,
    url_with_files,
)
from securechat.server.reloading import KEYS
from securechat.store.pepper import FILE_NAME as PEPPER


def join(file: Path, data: DataDirectory, flags: Callable[[Config], Config]) -> str:
    """Make the data directory from an archive, with the configuration in it that the next starts
    go by. flags: what the command line says over the archive's configuration. Returns the node's
    name. Raises JoinError, ConfigError, DataError, CaError; then the directory is as it was.
    """
    archive = read_archive(file)
    _check_empty(data)
    config = _at_own_port(flags(parse_config(_own(archive, data), data.configuration)))
    data.create()
    # The configuration comes last: it is what makes a server of the directory.
    _write(data, {**archive.contents, data.configuration.name: as_toml(config).encode()})
    return archive.node


def _at_own_port(config: Config) -> Config:
    """Nodes at one machine have one host in `addresses`: the port tells which one this is."""
    server, port = config.server, config.listen.port
    for text, place in zip(server.addresses, server.further, strict=True):
        if place == (server.public[0], port):
            return replace(config, server=replace(server, address=text))
    return config


def _write(data: DataDirectory, contents: Mapping[str, bytes]) -> None:
    """All or none. Raises JoinError."""
    begun: list[Path] = []
    try:
        data.tls.mkdir(mode=0o700, exist_ok=True)
        for name, content in contents.items():
            path = data.path / name
            begun.append(path)
            # Never over one that is there: another --join may have begun in this moment.
            write_new(path, content)
        sync_directory(data.tls)
        sync_directory(data.path)
    except BaseException as error:
        if isinstance(error, FileExistsError) and begun:
            begun.pop()
        for path in begun:
            path.unlink(missing_ok=True)
        with suppress(OSError):
            data.tls.rmdir()
        if isinstance(error, OSError):
            raise JoinError(
                f"{data.path} can't be written, and nothing was joined: {error.strerror}; check "
                "the disk, or name another directory with --data"
            ) from error
        raise


def _check_empty(data: DataDirectory) -> None:
    try:
        found = sorted(path.name for path in data.path.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise JoinError(
            f"{data.path} can't be a data directory ({error.strerror}): name another with --data"
        ) from error
    if data.configuration.name in found:
        raise JoinError(
            f"{data.path} has joined already: start it by `securechat-server` without --join. To "
            "give it a new certificate: `securechat-admin nodes renew FILE`"
        )
    if found:
        raise JoinError(
            f"{data.path} has something in it already ({found[0]}), and a node begins with an "
            "empty directory: name another with --data"
        )


def _own(archive: NodeArchive, data: DataDirectory) -> dict[str, dict[str, object]]:
    """The archive's configuration with the paths that its files get here."""
    own = {section: dict(values) for section, values in archive.config.items()}
    names = archive.contents
    own["store"]["url"] = url_with_files(str(own["store"]["url"]), data.path, names)
    if PASSWORD in names:
        own["store"]["password_file"] = PASSWORD
    if CLIENT_CA in names:
        own.setdefault("tls", {})["client_ca"] = CLIENT_CA
    if CA not in names:  # somebody else's authority has signed it
        own.setdefault("tls", {}).update(cert=CERTIFICATE, key=KEY)
    return own


def renew(file: Path, data: DataDirectory, node: str) -> None:
    """Take the certificate and key of an archive that was prepared anew for the node of this
    directory, which has that name. Raises JoinError, CaError.
    """
    archive = read_archive(file)
    if archive.node != node:
        raise JoinError(f"{file}: expected a certificate for the node {node}, got {archive.node}'s")
    for name in (PEPPER, CA):
        kept = data.path / name
        found = files.read(kept) if kept.exists() else None
        if found != archive.contents.get(name):
            raise JoinError(
                f"{file} is for a node of another cluster than {data.path}, as they differ in "
                f"{name}: prepare one at a node of this cluster"
            )
    with files.locked(data.tls):
        new = [NewFile(data.path / name, archive.contents[name]) for name in (KEY, CERTIFICATE)]
        files.write_files(new, overwrite=True)


def as_toml(config: Config) -> str:
    """The keys that aren't at their defaults."""
    default = Config()
    lines = [
        "# Written by `securechat-server --join`. Each start on this directory without --config",
        "# goes by it. Change it as you like; `securechat-server --check` checks it.",
    ]
    for section in SECTIONS:
        keys = [key for key in KEYS if key.startswith(f"{section}.")]
        changed = [key for key in keys if config.value(key) != default.value(key)]
        if changed:
            # Of texts, numbers, truth values and lists of texts JSON is what TOML has, too.
            told = (json.dumps(config.value(key), ensure_ascii=False) for key in changed)
            names = (key.partition(".")[2] for key in changed)
            lines += ["", f"[{section}]", *(f"{n} = {v}" for n, v in zip(names, told, strict=True))]
    return "\n".join(lines) + "\n"
