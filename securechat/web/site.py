"""The page's files, read once, and under which paths they are served.

All but a few stand below `v/VERSION/`, where VERSION is made of all their bytes: what a browser has
kept of them stays right for ever, and a page never runs with parts of two versions.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from posixpath import join, normpath
from typing import Final

from securechat.web.headers import Headers

TYPES: Final = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
    ".webmanifest": b"application/manifest+json",
}
"""What is served, by the ends of names; all else in the directory is not."""

AT_THE_TOP: Final = {
    "": "index.html",
    "index.html": "index.html",
    "sw.js": "sw.js",  # a worker is for what stands below it
    "manifest.webmanifest": "manifest.webmanifest",
    "favicon.ico": "icon.svg",
}
"""Paths that stay the same in all versions, with the file of each. They are asked for again."""

VERSION_PLACE: Final = b"v/VERSION/"
"""What those files have where the version belongs."""

MODULES_PLACE: Final = b"<!-- MODULES -->"
"""What index.html has where the modules belong that a browser loads at once, and not one after the
other as it finds them.
"""

IMPORTED: Final = re.compile(
    r"""(?:^|;)(?:import\s*|(?:import|export)\b[^;"'()]*?\bfrom\s*)["'](\.[^"']+)["']""",
    re.MULTILINE,
)
"""Which modules a module can't do without."""

FOR_EVER: Final = b"public, max-age=31536000, immutable"
ASK_AGAIN: Final = b"no-cache"
NEVER_KEPT: Final = b"no-store"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """body: its bytes. packed: the same by gzip. etag: of both, hence a weak one, with its quotes
    (RFC 9110, section 8.8.3). kind: its media type. cache: for how long a browser may keep it.
    """

    body: bytes
    packed: bytes
    etag: bytes
    kind: bytes
    cache: bytes

    def headers(self) -> Headers:
        """What describes it, apart from its length."""
        return [
            (b"content-type", self.kind),
            (b"cache-control", self.cache),
            (b"etag", self.etag),
            (b"vary", b"accept-encoding"),
        ]


@dataclass(frozen=True, slots=True)
class Site:
    """version: of the page. files: by their paths, without the first slash."""

    version: str
    files: dict[str, StaticFile]

    @property
    def size(self) -> int:
        """Bytes of the whole page."""
        return sum(len(file.body) for path, file in self.files.items() if path.startswith("v/"))


def static_file(body: bytes, kind: bytes, cache: bytes) -> StaticFile:
    """A file to serve."""
    etag = b'W/"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
    # With no time in it, so that the same page is the same bytes on every server.
    return StaticFile(body, gzip.compress(body, mtime=0), etag, kind, cache)


@cache
def site() -> Site:
    """The page of this package. Any thread."""
    return make_site(read_page(files("securechat.web").joinpath("page")))


def read_page(directory: Traversable) -> dict[str, bytes]:
    """The files of a directory and those below it that have one of TYPES, by their paths in it."""
    found = {}
    for entry in directory.iterdir():
        if entry.is_dir():
            below = read_page(entry)
            found.update({f"{entry.name}/{path}": body for path, body in below.items()})
        elif _kind(entry.name) is not None:
            found[entry.name] = entry.read_bytes()
    return found


def make_site(page: dict[str, bytes]) -> Site:
    """A site of these files."""
    version = _version_of(page)
    served = {
        f"v/{version}/{path}": static_file(body, _kind(path) or b"", FOR_EVER)
        for path, body in page.items()
    }
    preload = '<link rel="modulepreload" href="v/VERSION/{}">'
    links = "\n".join(map(preload.format, first_modules(page))).encode()
    for path, name in AT_THE_TOP.items():
        body = page[name].replace(MODULES_PLACE, links)
        body = body.replace(VERSION_PLACE, f"v/{version}/".encode())
        served[path] = static_file(body, _kind(name) or b"", ASK_AGAIN)
    served["version.json"] = version_file(version)
    return Site(version, served)


def first_modules(page: dict[str, bytes], start: str = "main.js") -> list[str]:
    """The module that starts the page, and all without which it can't, the nearest first."""
    found = [start]
    for path in found:  # which grows meanwhile
        source = page.get(path, b"").decode()
        paths = [normpath(join(path, "..", other)) for other in IMPORTED.findall(source)]
        found.extend(other for other in dict.fromkeys(paths) if other not in found)
    return found


def version_file(version: str, port: int | None = None) -> StaticFile:
    """What the page asks its server. port: where clients connect, for commands that it names."""
    told = {"version": version} | ({"port": port} if port else {})
    return static_file(json.dumps(told).encode(), TYPES[".json"], NEVER_KEPT)


def _kind(name: str) -> bytes | None:
    _, dot, end = name.rpartition(".")
    return TYPES.get(dot + end)


def _version_of(page: dict[str, bytes]) -> str:
    together = hashlib.sha256()
    for path in sorted(page):
        # With the lengths, as else bytes could wander from one file to the next unseen.
        together.update(f"{path}\0{len(page[path])}\0".encode())
        together.update(page[path])
    return together.hexdigest()[:16]
