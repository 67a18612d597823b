"""A hostile server, or anybody, sends links: they are shown, and never opened."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import securechat.client
from tests.security.server.hostile import online, shown

OPENERS = {
    *("webbrowser", "subprocess", "pty", "ctypes", "multiprocessing", "http", "urllib.request"),
    *("pickle", "shelve", "marshal", "runpy", "code", "codeop"),
}
CALLS = {"system", "popen", "spawnv", "spawnl", "execv", "execvp", "startfile", "eval", "exec"}


CLIENT = Path(securechat.client.__file__).parent

EDITING = CLIENT / "screens" / "full" / "editing.py"
"""Runs the person's own editor, on a file of their own words."""

BROWSER = CLIENT / "open" / "browser.py"
STORES = CLIENT / "stores"

ALLOWED = {
    EDITING: {"subprocess"},
    # `securechat open`: a file of ours, which the person has asked for.
    BROWSER: {"webbrowser"},
    # `securechat trust browsers`: the programs that keep authorities, with arguments of ours.
    STORES / "outcome.py": {"subprocess"},
    STORES / "nss.py": {"subprocess"},
}
"""Who runs something, and with what."""


def sources() -> list[Path]:
    return sorted(CLIENT.rglob("*.py"))


@pytest.mark.parametrize("file", sources(), ids=lambda path: path.name)
def test_the_client_has_nothing_to_open_a_link_with(file: Path) -> None:
    """No browser, no shell, no program: a link is text, and what is typed is typed by a person."""
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert OPENERS & set(names) <= ALLOWED.get(file, set())
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            assert called not in CALLS


def test_the_editor_is_run_without_a_shell() -> None:
    """Once, as the environment names it, with a file whose name is ours."""
    calls = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(EDITING.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("subprocess")
    ]
    assert calls == ["subprocess.run([*words, str(path)], check=False)"]


def test_a_browser_is_opened_with_a_file_of_ours() -> None:
    """No address that a server has told gets there."""
    calls = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(BROWSER.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("webbrowser")
    ]
    assert calls == ["webbrowser.open(path.as_uri())"]


@pytest.mark.parametrize(
    "link",
    [
        "http://evil.test/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "securechat://evil.test/code",
        "mailto:x@evil.test",
        "ssh://evil.test",
        "\\\\evil.test\\share",
    ],
)
def test_a_link_is_shown_as_it_is(link: str) -> None:
    """In a message, a topic and a notice: whole, in its place, and nothing else happens."""
    talk = online()
    sent = talk.hears(
        f":bob!b@h PRIVMSG #lobby :look {link} there",
        f":bob!b@h TOPIC #lobby :{link}",
        f":irc.test NOTICE alice :{link}",
    )
    lines = shown(*talk.shows(), channels=1)
    assert sent == []
    assert [line.count(link) for line in lines] == [1, 1, 1]
