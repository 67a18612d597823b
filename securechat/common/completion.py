"""What shells read to complete a program's commands and options. Any thread may call."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


def script(shell: type[ShellComplete], name: str, command: click.Command) -> str:
    """What a shell reads to complete a program's words; it asks the program then."""
    variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
    # Of the base class: bash's own looks first which bash this machine has.
    return ShellComplete.source(shell(command, {}, name, variable)).rstrip("\n") + "\n"
