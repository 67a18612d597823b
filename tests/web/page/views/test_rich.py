"""What becomes of a text: what somebody writes never is more than text, links, rooms and code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.page.conftest import Run

SHOW = """
    const box = document.createElement('div');
    it.render(it.html`<p>${it.rich(it.plain(given.text), given.name)}</p>`, box);
"""


def shown(run: Run, text: str, code: str, name: str = "lena") -> Any:
    return run(SHOW + code, "html", "views/rich", given={"text": text, "name": name})


def links(run: Run, text: str) -> list[str]:
    found = "return [...box.querySelectorAll('a')].map((one) => one.getAttribute('href'))"
    return list(shown(run, text, found))


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "javascript:alert(1)",
        "data:text/html,<b>x</b>",
        "https://",
        "`<b>x</b>`",
        "```<b>x</b>```",
        "#<b>x</b>",
    ],
)
def test_a_text_never_is_an_element_or_a_script(run: Run, text: str) -> None:
    allowed = "return box.querySelectorAll('p *:not(code, pre, button)').length"
    assert shown(run, text, allowed) == 0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://a.example/b, please", "https://a.example/b"),
        ("(https://a.example/b)", "https://a.example/b"),
        ("https://a.example/b_(c).", "https://a.example/b_(c)"),
        ("HTTP://A.example", "http://a.example/"),
    ],
)
def test_an_address_is_a_link_without_the_punctuation_after_it(
    run: Run, text: str, address: str
) -> None:
    assert links(run, text) == [address]


def test_a_link_tells_nothing_to_where_it_leads(run: Run) -> None:
    code = "const a = box.querySelector('a'); return [a.rel, a.target]"
    assert shown(run, "https://a.example", code) == ["noopener noreferrer", "_blank"]


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://\u0430\u0440\u0440\u04cf\u0435.com/", "[xn--80ak6aa92e.com]"),
        ("https://bank.example@evil.example/", "[evil.example]"),
    ],
)
def test_where_an_odd_address_leads_stands_beside_it(run: Run, text: str, host: str) -> None:
    assert host in shown(run, text, "return box.textContent")


def test_a_usual_address_stands_alone(run: Run) -> None:
    for text in (
        "https://a.example/",
        "https://\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444/",
    ):
        assert shown(run, text, "return box.textContent") == text


def test_colours_controls_and_turned_directions_are_left_out(run: Run) -> None:
    text = "\x02a\x02 \x0304,01b\x03 c\u202ed\u202c\x1b[31m\te\nf"
    assert shown(run, text, "return box.textContent") == "a b cd[31m\te\nf"


def test_the_own_name_is_marked_as_a_word(run: Run) -> None:
    code = "return [...box.querySelectorAll('mark')].map((one) => one.textContent)"
    assert shown(run, "Lena: lenas, lena_2 (lena)", code) == ["Lena", "lena"]


def test_rooms_are_buttons_and_numbers_are_not(run: Run) -> None:
    code = "return [...box.querySelectorAll('button')].map((one) => one.textContent)"
    assert shown(run, "#lab, (#den) #12 a#b", code) == ["#lab", "#den"]


def test_code_stands_apart_with_nothing_changed_in_it(run: Run) -> None:
    code = "return [...box.querySelectorAll('code, pre')].map((one) => one.textContent)"
    text = "`a https://b.example` and\n```\nif x:\n    #y\n```\nend"
    assert shown(run, text, code) == ["a https://b.example", "if x:\n    #y"]


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/" + "." * 32_000 + "x",
        "https://a.example/" + ")" * 32_000,
        "https://a.example/" + ".)" * 16_000,
        "```" + "\n" * 32_000,
        "`" * 32_000,
        "https://" + "xn--80a." * 4_000 + "example",
    ],
)
def test_no_text_takes_long(run: Run, text: str) -> None:
    """The longest that are shown; a time that grows with their square would be a second or more."""
    code = "const at = performance.now(); it.rich(given, 'lena'); return performance.now() - at"
    assert run(code, "views/rich", given=text) < 300
