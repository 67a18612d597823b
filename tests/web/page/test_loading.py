"""What a browser loads of the page, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.page.conftest import ORIGIN, PAGE, answer

START = """async () => {
    document.body.innerHTML = '<div id="app"></div>';
    await import('/main.js');
}"""

SHOW = "async (name) => (await import('/app.js')).app.show({name})"


@pytest.fixture
def opened(browser: Any) -> Iterator[tuple[Any, list[str]]]:
    """A page that has started, in Russian; and what it has asked for."""
    context = browser.new_context(locale="ru-RU")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(ORIGIN)))
    page.route("**/*", answer)
    page.goto(ORIGIN)
    page.evaluate(START)
    page.get_by_role("heading", name="securechat").wait_for()
    yield page, asked
    context.close()


def test_one_language_is_loaded_and_no_dialog_before_it_is_opened(opened: Any) -> None:
    page, asked = opened
    assert "text/ru.js" in asked
    assert {"text/en.js", "views/admin.js", "views/settings.js"}.isdisjoint(asked)
    page.evaluate(SHOW, "settings")
    page.get_by_label("Язык").select_option("English")
    page.get_by_label("Language").wait_for()
    assert {"text/en.js", "views/settings.js"} <= set(asked)


def test_the_rest_is_loaded_later_but_for_what_administrators_open(opened: Any) -> None:
    page, asked = opened
    page.evaluate("async () => (await import('/views/dialogs.js')).loadDialogs()")
    modules = {str(path.relative_to(PAGE)) for path in PAGE.rglob("*.js")}
    seldom = {"views/admin.js", "views/qr.js"}
    assert modules - set(asked) <= {"sw.js", "offline.js", "text/en.js", *seldom}
    assert seldom.isdisjoint(asked)


def test_what_cannot_be_loaded_says_so(opened: Any) -> None:
    """A dialog, and a language, which stays as it was."""
    page, _ = opened
    page.evaluate("async () => (await import('/views/dialogs.js')).loadDialogs()")
    page.route("**/views/admin.js", lambda route: route.abort())
    page.route("**/text/en.js", lambda route: route.abort())
    page.evaluate(SHOW, "admin")
    page.get_by_role("dialog").get_by_role("button", name="Обновить").wait_for()
    page.evaluate(SHOW, "settings")
    page.get_by_label("Язык").select_option("English")
    page.get_by_text("Сервер недоступен").first.wait_for()
    assert page.get_by_label("Язык").input_value() == ""
