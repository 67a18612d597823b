"""What the server that last ran on a database showed its clients, as far as it has kept that."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from securechat.ca import pem
from securechat.server.config import Config
from securechat.server.data import DataDirectory
from securechat.server.identity import public_host
from securechat.server.invites import server_host
from securechat.store.errors import StoreError
from securechat.store.sqlite.reader import Reader


@dataclass(frozen=True, slots=True)
class InUse:
    """certificate, key: PEM files. own: whether they are in the data directory. host: where clients
    are told to connect, None when the server has never run. pin: the SHA-256 of the CA in links, in
    hexadecimal, empty for a public one; None when the server has never run.
    """

    certificate: Path
    key: Path
    own: bool
    host: str | None = None
    pin: str | None = None


def in_use(data: DataDirectory, config: Config | None) -> InUse:
    """config: what the server would start with; None for what it last ran with. A database that
    can't be read has kept nothing.
    """
    own = data.tls / "server.pem"
    try:
        with closing(Reader(data.database)) as reader:
            kept = None if config else reader.remembered("cert")
            key = reader.remembered("key")
            host = server_host(reader) if reader.remembered("host") else None
            pin = reader.remembered("ca_sha256")
    except StoreError:
        kept = key = host = pin = None
    if config is not None:
        named = config.path(config.tls.cert)
        kept = str(named) if named else None
        key = str(config.path(config.tls.key) or (pem.key_path_for(named) if named else ""))
        host = public_host(config)
    path = Path(kept) if kept else own
    return InUse(path, Path(key) if kept and key else pem.key_path_for(path), not kept, host, pin)
