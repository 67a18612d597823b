"""Make the manual pages and the shells' completions from the command lines.

    python tools/manuals.py            make what stands in share/
    python tools/manuals.py --check    whether it is what would be made now

They are installed with the package, below share/ of where it goes: the pages of man(1), and the
files by which bash, zsh and fish complete commands and options. Exit codes: 0; 1, one isn't true.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

import securechat
from securechat.admin.cli import command as admin
from securechat.ca.cli import _HANDLERS as HANDLERS
from securechat.client.commands.cli import cli as client
from securechat.client.exits import MEANING
from securechat.common import completion
from securechat.server.cli import command as server

ROOT = Path(__file__).resolve().parent.parent

# gencerts takes its commands apart by itself; here they are a group like the others'.
_MAKE = HANDLERS["make"]
GENCERTS = click.Group(
    "gencerts",
    {name: command for name, command in HANDLERS.items() if command is not _MAKE},
    params=_MAKE.params,
    help=_MAKE.help,
    subcommand_metavar="[NAME]...",
)

PROGRAMS: dict[str, click.Group] = {
    "securechat": client,
    "securechat-admin": admin,
    "securechat-server": server,
    "gencerts": GENCERTS,
}

STATUS: dict[str, Mapping[int, str]] = {
    "securechat": MEANING,
    "securechat-admin": {
        0: "Done.",
        1: "Refused, or stored and not taken up by the running server.",
        2: "Wrong usage.",
    },
    "securechat-server": {
        0: "Stopped as it was told to, or nothing was wrong.",
        1: "It could not start, or something is wrong; what, stands on standard error.",
        2: "Wrong usage.",
    },
    "gencerts": {
        0: "Done.",
        1: "Nothing was made, or something is wrong; what, stands on standard error.",
        2: "Wrong usage.",
    },
}
"""What the exit codes of each program say."""

RENEW = "renew it with: python tools/manuals.py"

HELP = ("-h", "--help")

PLACES = {
    "bash": "share/bash-completion/completions/{}",
    "zsh": "share/zsh/site-functions/_{}",
    "fish": "share/fish/vendor_completions.d/{}.fish",
}


def files() -> dict[str, str]:
    """All that is made, by its path in the project."""
    made = {f"share/man/man1/{name}.1": page(name, group) for name, group in PROGRAMS.items()}
    for name, group in PROGRAMS.items():
        for shell, path in PLACES.items():
            made[path.format(name)] = completion.script(shell, name, group)
    return made


# --- manual pages ---------------------------------------------------------------------------------


def page(name: str, group: click.Group) -> str:
    """A manual page of a program with all of its commands (man-pages(7))."""
    summary = sentences(group)[0].partition("\n")[0].rstrip(".")
    lines = [
        f'.TH {escape(name.upper())} 1 "" "securechat {securechat.__version__}" "securechat"',
        ".SH NAME",
        f"{escape(name)} \\- {escape(summary)}",
        ".SH SYNOPSIS",
        f".B {escape(name)}",
        escape(usage(group, name)),
        ".SH DESCRIPTION",
        *described(group),
        ".SH OPTIONS",
        *options(group, set()),
        ".SH COMMANDS",
    ]
    known = {tuple(param.opts) for param in group.params}
    for path, command in commands(group, name):
        lines += [f".SS {escape(path)} {escape(usage(command, path))}".rstrip()]
        lines += [*described(command, group.epilog), *options(command, known)]
    if group.epilog:
        lines += [".SH NOTES", *paragraphs(group.epilog)]
    lines += [".SH EXIT STATUS", *exit_status(STATUS[name])]
    others = [escape(other) for other in PROGRAMS if other != name]
    lines += [".SH SEE ALSO", ",\n".join(f".BR {other} (1)" for other in others)]
    return "\n".join(lines).rstrip() + "\n"


def exit_status(meaning: Mapping[int, str]) -> Iterator[str]:
    """What each code means."""
    for code, text in meaning.items():
        yield from (".TP", f".B {int(code)}", escape(text))


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """All below a group, each with the words that call it; groups before what is in them."""
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def usage(command: click.Command, path: str) -> str:
    """What may stand behind a command's name."""
    return " ".join(command.collect_usage_pieces(_context(command, info_name=path)))


def _context(command: click.Command, info_name: str | None = None) -> click.Context:
    # With the names of the help option that the program has.
    return click.Context(command, info_name=info_name, help_option_names=list(HELP))


def sentences(command: click.Command) -> list[str]:
    """The paragraphs of a command's help."""
    return re.split(r"\n\s*\n", (command.help or "").strip().partition("\f")[0])


def described(command: click.Command, known: str | None = None) -> Iterator[str]:
    """Its help and what stands below that, unless it is known already."""
    yield from paragraphs((command.help or "").partition("\f")[0])
    if command.epilog and command.epilog != known:
        yield ".PP"
        yield from paragraphs(command.epilog)


def paragraphs(text: str) -> Iterator[str]:
    """Running text, and as they are the lines of a paragraph that begins with click's \\b."""
    for count, part in enumerate(re.split(r"\n\s*\n", inspect.cleandoc(text).strip())):
        if count:
            yield ".PP"
        if part.startswith("\b"):
            yield from (".nf", *map(escape, part.strip("\b\n").split("\n")), ".fi")
        else:
            yield escape(" ".join(part.split()))


def options(command: click.Command, known: set[tuple[str, ...]]) -> Iterator[str]:
    """A command's options with what they are for, without those that its program has everywhere."""
    context = _context(command)
    # Every command has --help beside its own ones; it is told once.
    for param in command.params if known else command.get_params(context):
        record = param.get_help_record(context)
        if record is not None and tuple(param.opts) not in known:
            yield ".TP"
            yield f".B {escape(record[0])}"
            yield escape(" ".join(record[1].split())) or "\\&"


def escape(text: str) -> str:
    """Text as roff takes it: no word is an escape, a request, or broken at a hyphen of ours."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return f"\\&{text}" if text.startswith((".", "'")) else text


# --- the command line -----------------------------------------------------------------------------


def stale(root: Path, made: dict[str, str]) -> list[str]:
    """Which files are not what was made, and how to renew them; and those that nothing makes."""
    there = (path for path in (root / "share").rglob("*") if path.is_file())
    found = {path.relative_to(root).as_posix() for path in there}
    wrong = [
        f"{name} is not what the command lines make now; {RENEW}"
        for name, text in made.items()
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != text
    ]
    return wrong + [f"{name} is made by nothing" for name in sorted(found - set(made))]


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--check", is_flag=True, help="Change nothing; say whether they are true.")
def manuals(*, check: bool) -> int:
    """Make or check them; the exit code."""
    made = files()
    if not check:
        for name, text in made.items():
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(text, encoding="utf-8")
    wrong = stale(ROOT, made)
    for line in wrong:
        click.echo(line, err=True)
    return 1 if wrong else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    return int(manuals.main(argv, standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(main())
