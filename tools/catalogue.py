"""Keep securechat/locale: every text that people see, in each language.

    python tools/catalogue.py          take in new texts, drop old ones, compile, say what is wrong
    python tools/catalogue.py --check  change nothing, say what is wrong

Texts are read from the source: what stands in `_()`, `N_()` and `ngettext()`; the help of all four
command lines; the texts of errors where they are raised (an f-string as a template with names in
braces); and what TEXTS names. Exit codes: 0, the catalogues are whole; 1, they aren't.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import io
import re
import string
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from typing import Any, NamedTuple

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from cataloguelib.texts import CARRIERS, HELD, OTHERS, PAIRS, SHOWN, SILENT, TEXTS, WIRE, WRAPPED

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "securechat"
LOCALE = PACKAGE / "locale"

MARKS = {"_": 1, "ngettext": 2}
"""What a text is looked up by, and how many it takes."""

PRINTERS = ("echo", "tell", "ask_secret", "confirm", "prompt", "warn")
"""What shows a text to a person: it wants to be translated."""

_ENOUGH = 4
"""A text has so many letters of its own at least; `{file}: {problem}` is none."""


@dataclass
class Text:
    """A text of the source. many: its second form, if a number decides. files: where it stands."""

    one: str
    many: str | None = None
    files: list[str] = field(default_factory=list)


# --- reading the source --------------------------------------------------------------------------


def collected() -> dict[str, Text]:
    """All texts, in the order of the files."""
    found: dict[str, Text] = {}
    for source in sources():
        for text in source.texts:
            _add(found, Text(text.one, text.many), f"securechat/{source.name}")
    for text in in_help():
        _add(found, text, "help")
    for one in WIRE:
        _add(found, Text(one), "wire")
    for one in OTHERS:
        _add(found, Text(one), "others")
    for one, many in PAIRS:
        _add(found, Text(one, many), "others")
    return found


class Source(NamedTuple):
    """What is known of a file. name: its path in the package. unmarked: see there. said: all texts
    in a file of the server, also those that nobody is shown.
    """

    name: str
    texts: list[Text]
    unmarked: list[str]
    said: frozenset[str]


@cache
def sources() -> Sequence[Source]:
    """The files of the package."""
    paths = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
    del paths["common/language.py"]  # which looks up what others ask for
    return [_source(name, path.read_text()) for name, path in paths.items()]


def _source(name: str, text: str) -> Source:
    # The tree goes with the end of this: a million of its parts would slow all that comes later.
    tree = ast.parse(text)
    shown = list(unmarked(tree, name)) if name.startswith(WRAPPED) else []
    texts = list(in_source(tree, name))
    is_server = name.startswith(("core/", "server/", "net/", "irc/"))
    said = _literals(_without_docstrings(tree)) if is_server else ()
    return Source(name, texts, shown, frozenset(said))


def _add(found: dict[str, Text], text: Text, file: str) -> None:
    kept = found.setdefault(text.one, text)
    kept.many = kept.many or text.many
    if file not in kept.files:
        kept.files.append(file)


def in_source(tree: ast.Module, name: str) -> Iterator[Text]:
    """The texts of a file; name: its path within the package."""
    for part in _wholly(tree, name):
        yield from map(Text, _literals(_without_docstrings(part)))
    shown = not name.startswith(SILENT) or name.startswith(SHOWN)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in MARKS:
            yield _marked(node, name)
        elif isinstance(node, ast.Tuple) and name.startswith("admin/"):
            yield from map(Text, _heads(node))
        elif isinstance(node, ast.Call) and _called(node) in CARRIERS and shown:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            yield from map(Text, (text for part in given for text in _literals(part)))
        elif isinstance(node, ast.Assign) and _named(node.targets[0]) == "out.hangup":
            yield from map(Text, _literals(node.value))
        elif isinstance(node, ast.Raise) and shown:
            yield from map(Text, _raised(node.exc))


def _heads(node: ast.Tuple) -> list[str]:
    """The heads of a table's columns."""
    words = [part.value for part in node.elts if isinstance(part, ast.Constant)]
    heads = [word for word in words if isinstance(word, str) and word.isupper()]
    return heads if len(heads) == len(node.elts) >= 3 else []


def _raised(node: ast.expr | None) -> Iterator[str]:
    # Those of Python's own kinds tell programmers of a mistake.
    if isinstance(node, ast.Call) and not hasattr(builtins, _called(node)):
        yield from _literals(node)


def _marked(node: ast.Call, name: str) -> Text:
    wanted = MARKS[_called(node)]
    texts = [part.value for part in node.args[:wanted] if isinstance(part, ast.Constant)]
    words = [text for text in texts if isinstance(text, str)]
    if len(words) < wanted:
        raise ValueError(f"{name}:{node.lineno}: {_called(node)}() wants a plain text")
    return Text(words[0], words[1] if wanted > 1 else None)


def _called(node: ast.Call) -> str:
    """The name of what is called, without what it belongs to."""
    return _named(node.func).rpartition(".")[2]


def _named(node: ast.expr) -> str:
    """As it stands there; '' for what is no name, as what a call returns."""
    if isinstance(node, ast.Attribute):
        return f"{_named(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _is_marked(node: ast.Call) -> bool:
    """`_("…")`, and `_("…").format(…)` with what is filled in."""
    if _called(node) == "format" and isinstance(node.func, ast.Attribute):
        inner = node.func.value
        return isinstance(inner, ast.Call) and _is_marked(inner)
    return _called(node) in MARKS


def _wholly(tree: ast.Module, name: str) -> Iterator[ast.AST]:
    """The parts of a file whose texts are all taken: it, or some of its functions and names."""
    if name in TEXTS:
        yield tree
    # Most files have none of them.
    for node in ast.walk(tree) if any(text.startswith(f"{name}:") for text in TEXTS) else ():
        named = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name
        if isinstance(node, ast.Assign | ast.AnnAssign):
            named = _named(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        if f"{name}:{named}" in TEXTS:
            yield node


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [part for part in node.body if not _is_docstring(part)] or [ast.Pass()]
    return tree


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _literals(node: ast.AST) -> Iterator[str]:
    """The texts within an expression, an f-string as a template; what is marked is left out."""
    if isinstance(node, ast.Call) and (_called(node) == "split" or _is_marked(node)):
        return
    if isinstance(node, ast.JoinedStr):
        yield from _if_text(_as_template(node))
        children: Iterable[ast.AST] = (
            part.value for part in node.values if isinstance(part, ast.FormattedValue)
        )
    else:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _if_text(node.value)
        # By its keys a table is looked up.
        children = node.values if isinstance(node, ast.Dict) else ast.iter_child_nodes(node)
    for child in children:
        yield from _literals(child)


def _if_text(text: str) -> Iterator[str]:
    """Whether it is one: words with a space between them."""
    # A command's own form, what goes over the wire, and what one template is for.
    if (
        _own(text).upper() == _own(text)
        or text.startswith("/")
        or re.fullmatch(r"a number from \d+ to \d+", text)
    ):
        return
    if " " in text.strip() and sum(map(str.isalpha, _own(text))) >= _ENOUGH:
        yield text


def _own(text: str) -> str:
    """What stands around the names in braces."""
    return re.sub(r"\{[^}]*\}", "", text)


def _as_template(node: ast.JoinedStr) -> str:
    """An f-string with the last word of each expression as a name in its place."""
    names: list[str] = []
    parts: list[str] = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            names.append(_name(part.value, names))
            parts.append("{" + names[-1] + "}")
        elif isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("{", "{{").replace("}", "}}"))
    return "".join(parts)


def _name(node: ast.expr, taken: Sequence[str]) -> str:
    """Such as `host` for config.listen.host, `names` for ', '.join(names)."""
    while isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    inside = [each for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute)]
    words = [each.id if isinstance(each, ast.Name) else each.attr for each in inside]
    name = (words[0] if words else "value").strip("_").lower()
    known = [name, *(f"{name}{number}" for number in range(2, 10))]
    return next(each for each in known if each not in taken)


def unmarked(tree: ast.Module, name: str) -> Iterator[str]:
    """Where a text is shown to a person that isn't looked up: file, line and text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in PRINTERS:
            for text in (text for arg in node.args for text in _literals(arg)):
                if not _is_command(text):
                    yield f"securechat/{name}:{node.lineno}: {text}"


def _is_command(text: str) -> bool:
    """Such as `  {program} register {link}`, which is typed alike in each language, or no more than
    the program's name before a text.
    """
    if re.fullmatch(r"securechat: (\{\w+\})+", text):
        return True
    return text.startswith("  {") and len(re.findall(r"\w{2,}", _own(text))) == 1


# --- the help of the commands --------------------------------------------------------------------


def in_help() -> Iterator[Text]:
    """The help of all commands and options."""
    from securechat.admin.cli import command as admin
    from securechat.ca.cli import client, renew, show
    from securechat.ca.make import make
    from securechat.client.commands.cli import cli
    from securechat.server.cli import command as server

    for command in (server, cli, admin, make, client, renew, show):
        yield from map(Text, _help(command))


def _help(command: click.Command) -> Iterator[str]:
    options = [param.help for param in command.params if isinstance(param, click.Option)]
    for text in filter(None, [command.help, command.epilog, *options]):
        yield inspect.cleandoc(text)
    for part in command.commands.values() if isinstance(command, click.Group) else ():
        yield from _help(part)


# --- the catalogues ------------------------------------------------------------------------------


def languages() -> list[Path]:
    """The catalogues that there are."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/securechat.po"))


def loaded(path: Path) -> Catalog:
    """A catalogue as it stands."""
    with open(path, "rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def updated(path: Path, texts: Iterable[Text]) -> Catalog:
    """The catalogue for these texts, with the translations that it has had."""
    old = loaded(path)
    new = Catalog(locale=old.locale, fuzzy=False)
    new.mime_headers = [
        (key, value) for key, value in old.mime_headers if not key.endswith("-Date")
    ]
    new.header_comment = old.header_comment
    for text in texts:
        key: str | tuple[str, str] = (text.one, text.many) if text.many else text.one
        kept = old.get(text.one)
        same = kept is not None and isinstance(kept.id, str) == isinstance(key, str)
        comments = kept.user_comments if kept is not None else []
        string = kept.string if same and kept is not None else None
        # Without the lines, which each change of a file would change here.
        where: list[Any] = [(file, None) for file in text.files if "/" in file]
        new.add(key, string, where, user_comments=comments)
    return new


def as_text(catalogue: Catalog) -> bytes:
    """What stands in the .po file."""
    written = io.BytesIO()
    write_po(written, catalogue, width=100, ignore_obsolete=True, omit_header=True)
    return HEAD.format(language=catalogue.locale, plural=catalogue.plural_forms).encode() + (
        written.getvalue()
    )


HEAD = """# Kept by tools/catalogue.py; CONTRIBUTING.md tells how.
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def compiled(catalogue: Catalog) -> bytes:
    """What stands in the .mo file."""
    written = io.BytesIO()
    # The same whenever it is made.
    catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    write_mo(written, catalogue)
    return written.getvalue()


def faults(path: Path, texts: dict[str, Text]) -> list[str]:
    """What is wrong with a catalogue; nothing when it is whole."""
    catalogue = loaded(path)
    language = path.parent.parent.name
    messages = {_first(message): message for message in catalogue if message.id}
    found = [f"{language}: is in no source: {one!r}" for one in messages if one not in texts]
    for one, text in texts.items():
        if not any(file.startswith(HELD) for file in text.files):
            continue
        message = messages.get(one)
        if message is None or not all(_strings(message)):
            found.append(f"{language}: has no translation: {one!r} ({text.files[0]})")
        else:
            found += [f"{language}: {fault}" for fault in _differences(message)]
    mo = path.with_suffix(".mo")
    if not mo.exists() or _read(mo.read_bytes()) != _read(compiled(catalogue)):
        found.append(f"{language}: {mo.name} isn't what {path.name} compiles to")
    return found


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _strings(message: Message) -> list[str]:
    strings = message.string if isinstance(message.string, list | tuple) else [message.string]
    return [string or "" for string in strings]


def _differences(message: Message) -> Iterator[str]:
    """Names in braces, and spaces and line ends around, that a translation hasn't alike."""
    ids = [message.id] if isinstance(message.id, str) else message.id
    names = set().union(*map(placeholders, ids))
    for translation in _strings(message):
        # A form for one may go without the number.
        if not placeholders(translation) <= names or placeholders(translation) < placeholders(
            ids[0]
        ):
            yield f"has other names in braces: {ids[0]!r}"
        ends = [
            (len(text) - len(text.lstrip()), len(text) - len(text.rstrip()))
            for text in (ids[0], translation)
        ]
        if ends[0] != ends[1]:
            yield f"begins or ends with other spaces: {ids[0]!r}"


def placeholders(text: str) -> set[str]:
    """The names in braces, and %s and %(name)s."""
    found = set(re.findall(r"%(?:\(\w+\))?[sdf]", text))
    try:
        found |= {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return found
    return found


def _read(mo: bytes) -> object:
    """A compiled catalogue by its content, as its bytes depend on who compiled it."""
    read = GNUTranslations(io.BytesIO(mo))
    # Without its head, which says when and by what it was made.
    return {key: text for key, text in vars(read)["_catalog"].items() if key != ""}


def all_faults() -> list[str]:
    """What is wrong with the catalogues, and which texts are shown without being looked up."""
    texts = collected()
    found = [fault for path in languages() for fault in faults(path, texts)]
    said = frozenset[str]().union(*(source.said for source in sources()))
    found += (f"is said by no server any more: {one!r}" for one in WIRE if one not in said)
    found += (f"isn't looked up: {each}" for source in sources() for each in source.unmarked)
    return found


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--check", is_flag=True, help="Change nothing; say what is wrong.")
def catalogue(*, check: bool) -> int:
    """Print what there is to say; the exit code."""
    texts = collected()
    texts.pop("", None)
    for path in [] if check else languages():
        new = updated(path, texts.values())
        path.write_bytes(as_text(new))
        path.with_suffix(".mo").write_bytes(compiled(loaded(path)))
    found = all_faults()
    for fault in found:
        click.echo(fault)
    click.echo(f"{len(texts)} texts, {len(languages())} translations, {len(found)} faults")
    return 1 if found else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    return int(catalogue.main(argv, standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(main())
