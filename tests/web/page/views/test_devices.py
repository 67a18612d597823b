"""The dialog of devices and the password: what is offered of the second factor."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.page.conftest import Run

OPEN = """
    document.body.replaceChildren();
    const box = document.body.appendChild(document.createElement('div'));
    const {app, html} = it;
    const asked = [];
    let is = given.is;
    app.devices = async () => ({tokens: [], sessions: [], forgotten: false});
    app.prove = async () => {};
    app.send = async (...words) => {
      asked.push(words.join(' '));
      if (words[1] === 'REMOVE') is = 'OFF';
      const uri = 'otpauth://totp/chat:alice?secret=JBSWY3DPEHPK3PXP';
      const told = {STATUS: [is, '7'], ENROLL: ['JBSWY3DPEHPK3PXP', uri]}[words[1]] ?? [];
      return [{command: 'NOTE', params: ['TOTP', words[1], ...told, 'words']}];
    };
    const frames = async () => {
      for (let n = 0; n < 6; n++) await new Promise(requestAnimationFrame);
      await new Promise((done) => setTimeout(done, 20));
    };
    it.setLanguage('en');
    it.render(html`<${it.Devices} state=${app.state} />`, box);
    await frames();
    const form = (label) => [...box.querySelectorAll('form')].find((one) =>
      one.querySelector('button').textContent === label);
    form('Next').password.value = 'x';
    form('Next').requestSubmit();
    await frames();
    const buttons = () => [...box.querySelectorAll('button')].map((one) => one.textContent);
    const all = ['Begin a second factor', 'New recovery codes', 'Switch the second factor off'];
    const offered = () => buttons().filter((text) => all.includes(text));
"""


def opened(run: Run, code: str, **given: object) -> Any:
    return run(OPEN + code, "app", "html", "text/index", "views/devices", given=given)


@pytest.mark.parametrize(
    ("state", "offers", "told"),
    [
        ("OFF", ["Begin a second factor"], "The second factor is off."),
        ("REQUIRED", ["New recovery codes"], "Recovery codes left: 7"),
        ("ON", ["New recovery codes", "Switch the second factor off"], "Recovery codes left: 7"),
    ],
)
def test_only_what_can_be_done_is_offered(
    run: Run, state: str, offers: list[str], told: str
) -> None:
    code = "return [offered(), box.textContent.includes(given.told)]"
    assert opened(run, code, **{"is": state, "told": told}) == [offers, True]


def test_a_factor_that_is_switched_off_can_be_begun_again(run: Run) -> None:
    """With its key as a QR code, too."""
    code = """
        const off = form('Switch the second factor off');
        off.value.value = '123456';
        off.requestSubmit();
        await frames();
        const after = offered();
        [...box.querySelectorAll('button')].find((one) => one.textContent === after[0]).click();
        await import('/views/qr.js');
        await frames();
        return [asked, after, box.querySelectorAll('svg.qr').length, !!form('Switch it on')];
    """
    asked = ["TOTP STATUS", "TOTP REMOVE 123456", "TOTP STATUS", "TOTP ENROLL"]
    assert opened(run, code, **{"is": "ON"}) == [asked, ["Begin a second factor"], 1, True]
