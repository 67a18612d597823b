"""What a server refuses, in the person's language: by its code."""

from __future__ import annotations

import re
from pathlib import Path

import securechat
from tests.web.page.conftest import Run

SOURCE = Path(securechat.__file__).parent

CODE = re.compile(
    r'(?:Refused|RefusedError|_fail)\(\s*(?:turn, session, )?"([A-Z_]+)"'
    r'|"(?:FAIL|WARN)",\s*(?:"\*"|"[A-Z]+"|\w+|self\.kind),\s*"([A-Z_]+)"'
)

NEVER_MET = {
    "ACCOUNT_NAME_MUST_BE_NICK",
    "ACCOUNT_REQUIRED",
    "ALREADY_ADDED",
    "ALREADY_AUTHENTICATED",
    "INVALID_KEY",
    "INVALID_MESSAGE",
    "INVALID_MSGREFTYPE",
    "INVALID_REALNAME",
    "KEY_NO_PERMISSION",
    "MULTILINE_INVALID",
    "NEED_MORE_PARAMS",
    "NEED_NICK",
    "NO_CERTIFICATE",
    "NO_SUCH_CERTIFICATE",
    "UNKNOWN_SUBCOMMAND",
}
"""Of what the page doesn't send."""


def test_each_refusal_that_the_page_can_meet_is_told_in_russian(run: Run) -> None:
    files = [path.read_text(encoding="utf-8") for path in (SOURCE / "core").rglob("*.py")]
    codes = {one or other for text in files for one, other in CODE.findall(text)}
    assert len(codes) > 30
    texts = run("return it.default", "text/ru")
    assert {code for code in codes if f"refused.{code}" not in texts} == NEVER_MET


def test_one_is_told_by_its_code_and_others_as_the_server_says_them(run: Run) -> None:
    code = """
        await it.setLanguage(given);
        const all = [['442', 'not on it'], ['REFUSED', 'no such user']];
        all.push(['ODD', 'odd'], ['ODD', '']);
        return all.map(([code, text]) => it.words({code, text}));
    """
    modules = ("state", "text/index")
    english = ["not on it", "no such user", "odd", "ODD"]
    assert run(code, *modules, given="en") == english
    russian = ["Вы не в этой комнате.", "Отказано: no such user", "odd", "ODD"]
    assert run(code, *modules, given="ru") == russian
