"""The first minute: what an invite is read from, and what the two forms ask for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.page.conftest import Run

CODE = "UqDVDhtE1plxN2pyJtokTA"
PIN = "l--VMjtdIaq4S8k_xpYMDT9deK4mABjsTKyM-RkfY8k"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"#invite={CODE}", CODE),
        (f"https://chat.example:8443/#invite={CODE}", CODE),
        (f"securechat://chat.example:6697/{CODE}/{PIN}", CODE),
        (f"securechat://chat.example:6697,b.example,[::1]:443/{CODE}/{PIN}", CODE),
        (f"#securechat://chat.example/{CODE}/system", CODE),
        (f" {CODE}\n", CODE),
        ("", ""),
    ],
)
def test_the_code_of_an_invite_is_found_in_what_people_paste(
    run: Run, text: str, code: str
) -> None:
    assert run("return it.inviteIn(given)", "device/address", given=text) == code


SHOW = """
    document.body.replaceChildren();
    const box = document.body.appendChild(document.createElement('div'));
    const {app, html} = it;
    const calls = [];
    app.login = (values) => calls.push(['login', values]);
    app.register = (values) => calls.push(['register', values]);
    Object.assign(app.state.settings, {remember: !!given.remember});
    const state = {phase: 'login', problem: given.problem ?? null, invite: given.invite ?? '',
      server: {name: 'chat.example', registration: 'invite', minPassword: 15}};
    it.render(null, box);
    it.render(html`<${it.Login} state=${state} />`, box);
    const frames = async () => {
      for (let n = 0; n < 4; n++) await new Promise(requestAnimationFrame);
      await new Promise((done) => setTimeout(done, 0));
    };
    await frames();
    const $ = (name) => box.querySelector(`[name=${name}]`);
    const submit = async (values) => {
      for (const [name, value] of Object.entries(values)) $(name).value = value;
      box.querySelector('form').requestSubmit();
      await frames();
    };
    const alerts = box.getElementsByClassName('problem');
    const told = () => [...alerts].map((one) => one.textContent).join('');
"""


def shown(run: Run, code: str, **given: object) -> Any:
    return run(SHOW + code, "app", "html", "views/login", given=given)


def test_a_login_names_the_device(run: Run) -> None:
    """In one word, as the server wants it."""
    code = """
        await submit({account: 'alice', password: 'violet kettles dance 4'});
        const [[name, {device, ...values}]] = calls;
        return [name, values, /^[^:\\s]\\S{0,31}$/.test(device)];
    """
    values = {"account": "alice", "password": "violet kettles dance 4", "remember": True}
    assert shown(run, code, remember=True) == ["login", values, True]


def test_nobody_is_remembered_who_has_not_asked_for_it(run: Run) -> None:
    """Nor names a device; and it is told what that does."""
    code = """
        const asked = !!$('device') || !box.textContent.includes('Only on a device of your own');
        await submit({account: 'alice', password: 'x'});
        return [asked, calls[0][1].remember];
    """
    assert shown(run, code) == [False, False]


@pytest.mark.parametrize(
    ("code", "asked"),
    [("PASSWORD", False), ("CODE_REQUIRED", True), ("SECOND_FACTOR_REQUIRED", True)],
)
def test_a_second_factor_is_asked_for_when_the_server_wants_it(
    run: Run, code: str, asked: bool
) -> None:
    problem = {"code": code, "text": "told"}
    assert shown(run, "return [!!$('code'), told()]", problem=problem) == [asked, "told"]


def test_the_key_of_a_first_second_factor_is_shown(run: Run) -> None:
    """In groups of four, as a link for the authenticator, and as a QR code."""
    uri = "otpauth://totp/chat:alice?secret=JBSWY3DPEHPK3PXP"
    problem = {
        "code": "SECOND_FACTOR_REQUIRED",
        "text": "told",
        "secret": "JBSWY3DPEHPK3PXP",
        "uri": uri,
    }
    code = """
        await import('/views/qr.js');
        await frames();
        const found = [box.querySelector('code').textContent, box.querySelector('form a').href];
        return [...found, box.querySelectorAll('svg.qr').length];
    """
    assert shown(run, code, problem=problem) == ["JBSW Y3DP EHPK 3PXP", uri, 1]


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "https://evil.example/otpauth:", None])
def test_a_key_leads_to_an_authenticator_only(run: Run, uri: str | None) -> None:
    """Whatever the server of a page from elsewhere says, as with `securechat open`."""
    problem = {"code": "SECOND_FACTOR_REQUIRED", "text": "told", "secret": "JBSW", "uri": uri}
    code = "return [box.querySelector('code').textContent, !!box.querySelector('form a')]"
    assert shown(run, code, problem=problem) == ["JBSW", False]


def test_an_invite_link_makes_an_account(run: Run) -> None:
    """Without asking for the code; the rule for passwords stands there before one is typed."""
    code = """
        const asks = [!!$('invite'), box.textContent.includes('At least 15 characters')];
        const words = 'violet kettles dance 4';
        await submit({account: 'alice', password: words, again: words});
        return [...asks, calls[0][0], calls[0][1].invite];
    """
    found = shown(run, code, invite=CODE)
    assert found == [False, True, "register", CODE]


def test_two_passwords_that_differ_make_no_account(run: Run) -> None:
    code = """
        const words = 'violet kettles dance 4';
        await submit({account: 'alice', password: words, again: words + '5'});
        return [calls, told()];
    """
    found = shown(run, code, invite=CODE)
    assert found == [[], "The two passwords differ."]
