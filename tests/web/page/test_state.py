"""How views hear of changes."""

from __future__ import annotations

import pytest

from tests.web.page.conftest import Run


@pytest.mark.parametrize("before", [False, True], ids=["hidden", "shown"])
def test_a_tab_that_is_hidden_or_shown_is_told_at_once(run: Run, before: bool) -> None:
    """Of what has changed just before: a frame never comes when it is hidden, a timer late."""
    code = """
        let hidden = given, told = 0;
        Object.defineProperty(document, 'hidden', {get: () => hidden, configurable: true});
        const {requestAnimationFrame, setTimeout} = window;
        window.requestAnimationFrame = window.setTimeout = () => {};
        const listener = () => told++;
        it.listeners.add(listener);
        it.changed();
        hidden = !given;
        const early = told;
        document.dispatchEvent(new Event('visibilitychange'));
        Object.assign(window, {requestAnimationFrame, setTimeout});
        delete document.hidden;
        it.listeners.delete(listener);
        return [early, told];
    """
    assert run(code, "state", given=before) == [0, 1]
