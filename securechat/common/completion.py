"""What shells read to complete a program's commands and options. Any thread may call."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


def script(shell: str, name: str, command: click.Command) -> str:
    """What one of SHELLS reads to complete a program's words; it asks the program then."""
    # Only here, as click itself loads it for nothing else.
    from click.shell_completion import ShellComplete, get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(f"no completion for {shell}")
    variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
    # Of the base class: bash's own looks first which bash this machine has.
    return ShellComplete.source(kind(command, {}, name, variable)).rstrip("\n") + "\n"
