"""The options by which a server is told what to run on: for its start, and for its service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from securechat.server.config import Config

Function = TypeVar("Function", bound=Callable[..., object])

_OPTIONS = [
    click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="TOML file."),
    click.option("--host", help="Address to listen on; 0.0.0.0 for all. [127.0.0.1]"),
    click.option("--port", type=int, help="Port to listen on; 0 for a free one. [6697]"),
    click.option(
        "--cert", type=click.Path(path_type=Path), help="Your certificate with its chain."
    ),
    click.option("--key", type=click.Path(path_type=Path), help="Its key. [X-key.pem for X.pem]"),
    click.option("--web", is_flag=True, default=None, help="A page for browsers, on port 8443."),
    click.option("--data", type=click.Path(path_type=Path), help="Directory of database and keys."),
    click.option("--log-format", type=click.Choice(["text", "json"]), help="[text]"),
]

NAMES = ("config", "host", "port", "cert", "key", "web", "data", "log_format")
"""Of the options, in the order in which they are shown."""


def server_options(function: Function) -> Function:
    """Give a command these options."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def with_flags(
    config: Config,
    *,
    host: str | None = None,
    port: int | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    web: bool | None = None,
) -> Config:
    """The configuration with the command line's flags over it. Raises ConfigError."""
    listen = {"host": host, "port": port}
    paths = {"cert": cert, "key": key}
    where = "the command line"
    given = {k: v for k, v in listen.items() if v is not None}
    config = config.with_values("listen", given, where)
    if web and not config.web.host:
        config = config.with_values("web", {"host": config.listen.host}, where)
    # Absolute: a path of the command line is meant from here, one of a file from that file's
    # directory.
    files = {k: str(v.absolute()) for k, v in paths.items() if v is not None}
    return config.with_values("tls", files, where)
