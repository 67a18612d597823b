"""How the server's command lines end: an exit code, and one clear line for each error."""

from __future__ import annotations

import click
import pytest

from securechat.server.commands import FAILURES, run
from securechat.server.config import ConfigError


def ends(error: BaseException | None, result: object = None) -> click.Command:
    """A command that raises an error, or returns."""

    @click.command()
    def command() -> object:
        if error is not None:
            raise error
        return result

    return command


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (None, 0, ""),
        (click.exceptions.Exit(7), 7, ""),
        (click.Abort(), 130, "Aborted.\n"),
        (ConfigError("x.toml: wrong"), 1, "prog: x.toml: wrong\n"),
        (FileNotFoundError(2, "No such file", "/x"), 1, "prog: /x: No such file\n"),
    ],
)
def test_each_end_has_its_code(
    capsys: pytest.CaptureFixture[str], error: BaseException | None, code: int, told: str
) -> None:
    """And its text goes to standard error."""
    assert run(ends(error), [], "prog") == code
    assert capsys.readouterr() == ("", told)


def test_bad_usage_is_told_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """As click does it."""
    assert run(ends(None), ["--nonsense"], "prog") == 2
    assert "No such option" in capsys.readouterr().err


def test_nothing_in_an_error_drives_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """It may quote what a file or an argument holds."""
    assert run(ends(ConfigError("a\x1b[2J\nb")), [], "prog") == 1
    assert capsys.readouterr().err == "prog: a\\u001b[2J\nb\n"
    assert run(ends(None), ["--x\x1b[2J"], "prog") == 2
    assert "\x1b" not in capsys.readouterr().err


def test_other_errors_may_be_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    """What a program has of its own."""
    own = ends(LookupError("not here"))
    assert run(own, [], "prog", (*FAILURES, LookupError)) == 1
    assert capsys.readouterr().err == "prog: not here\n"


def test_a_bug_is_raised() -> None:
    """Nobody could mend it; whoever sees it wants its traceback."""
    with pytest.raises(ZeroDivisionError):
        run(ends(ZeroDivisionError()), [], "prog")
