"""Dialogs: where the focus goes, what closes them, and what is read out of a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.page.conftest import Run

OPEN = """
    document.body.replaceChildren();
    const box = document.body.appendChild(document.createElement('div'));
    const before = document.body.appendChild(document.createElement('button'));
    before.focus();
    const {app, html} = it;
    const member = (name, roles) => [name, {name, roles, away: null, bot: false}];
    const author = given.author ?? 'bob';
    const item = {id: 'm1', author, text: 'the keys', mine: author === 'alice', reactions: []};
    const room = {key: '#lab', name: '#lab', kind: 'channel', topic: 'Chemistry', modes: 'nt',
      unread: 0, mentions: 0, latest: 1,
      members: new Map([member('alice', given.roles ?? ''), member('bob', '')])};
    Object.assign(app.state, {me: {account: 'alice', administrator: false}, current: '#lab',
      conversations: new Map([['#lab', room]])});
    const calls = [];
    const called = (name, answer = []) =>
      (app[name] = async (...all) => (calls.push([name, ...all]), answer));
    'redact react join part talk setTopic invite kick ban setRole setMode rename'
      .split(' ').forEach((name) => called(name));
    called('send');
    app.find = () => item;
    const draw = () => it.render(html`<${it.Dialogs} state=${app.state} />`, box);
    await it.loadDialogs();
    const stop = app.subscribe(draw);
    const frames = async () => {
      for (let n = 0; n < 4; n++) await new Promise(requestAnimationFrame);
      await new Promise((done) => setTimeout(done, 0));
    };
    app.show(given.view);
    await frames();
    const $ = (what) => box.querySelector(what);
    const buttons = () => [...box.querySelectorAll('dialog button')].map((one) => one.textContent);
    const press = async (text) => {
      [...box.querySelectorAll('button')].find((one) => one.textContent === text).click();
      await frames();
    };
    const end = async (answer) => { app.close(); await frames(); stop(); return answer; };
"""


def opened(run: Run, code: str, **given: object) -> Any:
    return run(OPEN + code, "app", "html", "views/dialogs", given=given)


def test_the_focus_goes_in_and_comes_back(run: Run) -> None:
    """To what is asked for first, and back to where it was."""
    code = """
        const inside = document.activeElement.type;
        app.close();
        await frames();
        return end([inside, document.activeElement === before, $('dialog')]);
    """
    assert opened(run, code, view={"name": "search"}) == ["search", True, None]


def test_focus_that_has_gone_elsewhere_stays_there(run: Run) -> None:
    code = """
        const other = document.body.appendChild(document.createElement('input'));
        $('dialog').close();
        other.focus();
        app.close();
        await frames();
        return end(document.activeElement === other);
    """
    assert opened(run, code, view={"name": "search"})


@pytest.mark.parametrize(
    "name", ["channel", "channels", "devices", "help", "jump", "search", "settings", "switcher"]
)
def test_each_dialog_has_a_name_and_a_way_out(run: Run, name: str) -> None:
    """And Escape, which the browser tells as `cancel`."""
    code = """
        const found = [$('dialog').ariaLabel !== '', $('header button').ariaLabel];
        $('dialog').dispatchEvent(new Event('cancel', {cancelable: true}));
        await frames();
        return end([...found, app.state.view]);
    """
    view = {"name": name, "room": "#lab"}
    assert opened(run, code, view=view) == [True, "Close", None]


def test_a_refusal_is_read_out_in_our_words(run: Run) -> None:
    code = """
        app.invite = async () => { throw {code: '401', text: 'No such nick/channel'}; };
        const forms = [...box.querySelectorAll('form')];
        const form = forms.find((one) => one.textContent.includes('Invite'));
        form.value.value = 'nobody';
        form.requestSubmit();
        await frames();
        return end(form.querySelector('[role=alert]').textContent);
    """
    assert opened(run, code, view={"name": "channel", "room": "#lab"}) == (
        "Nobody by that name is here."
    )


def test_what_has_no_other_sign_has_a_word_of_success(run: Run) -> None:
    """Until something else is typed."""
    code = """
        const forms = [...box.querySelectorAll('form')];
        const form = forms.find((one) => one.textContent.includes('Invite'));
        const said = () => form.parentElement.querySelector('[role=status]').textContent;
        form.value.value = 'bob';
        form.requestSubmit();
        await frames();
        const told = said();
        form.value.dispatchEvent(new Event('input', {bubbles: true}));
        await frames();
        return end([calls.at(-1), told, said()]);
    """
    view = {"name": "channel", "room": "#lab"}
    assert opened(run, code, view=view) == [["invite", "#lab", "bob"], "Done.", ""]


def test_recovery_codes_can_be_copied(run: Run) -> None:
    code = """
        Object.defineProperty(navigator, 'clipboard', {configurable: true,
          value: {writeText: (text) => calls.push(text)}});
        await press('Copy text');
        return end(calls);
    """
    assert opened(run, code, view={"name": "recovery", "codes": ["a", "b"]}) == ["a\nb"]


def test_what_cannot_be_taken_back_is_pressed_twice(run: Run) -> None:
    code = """
        await press('Leave');
        const once = calls.some(([name]) => name === 'part');
        await press('Leave: sure?');
        return end([once, calls.some(([name]) => name === 'part')]);
    """
    assert opened(run, code, view={"name": "channel", "room": "#lab"}) == [False, True]


@pytest.mark.parametrize("name", ["channel", "person", "menu"])
def test_a_dialog_about_what_is_gone_closes(run: Run, name: str) -> None:
    """As after a rename: else it would hold back the keys without being seen."""
    code = """
        app.find = () => null;
        app.state.conversations.clear();
        draw();
        await frames();
        return end(app.state.view);
    """
    view = {"name": name, "room": "#lab", "who": "bob", "id": "m1"}
    assert opened(run, code, view=view) is None


def test_a_switch_shows_what_was_pressed_until_it_is_refused(run: Run) -> None:
    code = """
        let refuse;
        app.setMode = (...all) => {
          calls.push(all);
          return new Promise((_, no) => (refuse = no));
        };
        const check = $('[type=checkbox]');
        check.click();
        await frames();
        const pressed = check.checked;
        refuse({code: '482', text: ''});
        await new Promise((done) => setTimeout(done, 350));
        await frames();
        const said = check.closest('label').nextElementSibling.textContent;
        return end([pressed, check.checked, said, calls.at(-1)]);
    """
    told = "Only those who run the room may do that."
    view = {"name": "channel", "room": "#lab"}
    assert opened(run, code, view=view, roles="@") == [True, False, told, ["#lab", "+is"]]


@pytest.mark.parametrize(
    ("author", "roles", "may"),
    [("alice", "", True), ("bob", "", False), ("bob", "@", True), ("bob", "~", True)],
)
def test_a_message_is_taken_back_by_its_author_and_who_keeps_order(
    run: Run, author: str, roles: str, may: bool
) -> None:
    code = "return end(buttons().includes('Take back'))"
    view = {"name": "menu", "room": "#lab", "id": "m1"}
    assert opened(run, code, view=view, author=author, roles=roles) == may


def test_a_message_is_taken_back_with_a_reason(run: Run) -> None:
    """After it was said that this is for good."""
    code = """
        await press('Take back');
        const said = $('dialog').textContent.includes('for good');
        $('form').value.value = 'a private address';
        $('form').requestSubmit();
        await frames();
        return end([said, calls, app.state.view]);
    """
    view = {"name": "menu", "room": "#lab", "id": "m1"}
    redacted = ["redact", "#lab", "m1", "a private address"]
    assert opened(run, code, view=view, author="alice") == [True, [redacted], None]


def test_no_text_of_others_turns_or_drives_what_stands_around_it(run: Run) -> None:
    """In a message's dialog, nor in what is copied of it."""
    code = """
        item.text = 'a\\u202eb\\u001b[31mc <b>d</b>';
        draw();
        await frames();
        Object.defineProperty(navigator, 'clipboard', {configurable: true,
          value: {writeText: (text) => calls.push(text)}});
        const shown = $('blockquote').textContent;
        await press('Copy text');
        return end([shown, ...calls]);
    """
    view = {"name": "menu", "room": "#lab", "id": "m1"}
    shown = "ab[31mc <b>d</b>"
    assert opened(run, code, view=view) == [shown, shown]


@pytest.mark.parametrize(
    ("roles", "seen"),
    [
        ("", []),
        ("@", ["Put out", "Ban", "Operator: keeps order"]),
        ("~", ["Put out", "Ban", "Operator: keeps order", "Owner: may do all"]),
    ],
)
def test_only_who_keeps_order_is_offered_that(run: Run, roles: str, seen: list[str]) -> None:
    code = """
        const shown = $('dialog').textContent;
        const all = ['Put out', 'Ban', 'Operator: keeps order', 'Owner: may do all'];
        return end(all.filter((one) => shown.includes(one)));
    """
    view = {"name": "person", "room": "#lab", "who": "bob"}
    assert opened(run, code, view=view, roles=roles) == seen


def test_who_is_banned_is_put_out_too(run: Run) -> None:
    """The ban first: a client may come again by itself."""
    code = """
        await press('Ban');
        $('form').value.value = 'noise';
        $('form').requestSubmit();
        await frames();
        return end(calls);
    """
    view = {"name": "person", "room": "#lab", "who": "bob"}
    expected = [["ban", "#lab", "bob"], ["kick", "#lab", "bob", "noise"]]
    assert opened(run, code, view=view, roles="@") == expected


SEARCHED = """
    const hit = {id: 'm7', conversation: '#lab', name: '#lab', at: 0, author: 'bob'};
    app.search = async (asked) => {
        calls.push(asked);
        return {hits: [{...hit, text: given.text}], until: asked.before ? '' : given.until ?? ''};
    };
    app.jump = (...all) => calls.push(['jump', ...all]);
    $('form').value.value = given.query;
    $('form').requestSubmit();
    await frames();
"""


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("lab", "The Lab, labs", ["Lab", "lab"]),
        ("a.b (c", "a.b axb (c)", ["a.b", "(c"]),
        ("[ *", "x [y] *", ["[", "*"]),
        ("<b>", "<b>x</b>", ["<b>"]),
    ],
)
def test_found_words_are_marked_whatever_they_are(
    run: Run, query: str, text: str, marked: list[str]
) -> None:
    code = "return end([...box.querySelectorAll('mark')].map((one) => one.textContent))"
    given = {"view": {"name": "search"}, "query": query, "text": text}
    assert opened(run, SEARCHED + code, **given) == marked


def test_what_was_found_leads_to_its_place(run: Run) -> None:
    code = """
        $('.hits button').click();
        await frames();
        return end([calls, app.state.view]);
    """
    given = {"view": {"name": "search"}, "query": "lab", "text": "the lab"}
    asked = {"text": "lab"}
    assert opened(run, SEARCHED + code, **given) == [[asked, ["jump", "#lab", {"id": "m7"}]], None]


def test_a_search_that_was_too_long_goes_on_from_where_it_was(run: Run) -> None:
    code = """
        const told = [...box.querySelectorAll('[role=status]')].at(-1).textContent;
        await press('Look further');
        await frames();
        return end([calls, told, box.querySelectorAll('.hits li').length, box.textContent]);
    """
    until = "2026-01-02T03:04:05.678Z"
    given = {"view": {"name": "search"}, "query": "lab", "text": "the lab", "until": until}
    calls, told, hits, shown = opened(run, SEARCHED + code, **given)
    assert calls == [{"text": "lab"}, {"text": "lab", "before": until}]
    assert told.startswith("The server has looked only as far as Jan 2, 2026, ")
    assert hits == 2
    assert "Look further" not in shown


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["#lab"]),
        ("la", ["#lab", "#la"]),
        ("bo", ["bob", "#bo"]),
        ("#den", ["#den"]),
        ("#lab", ["#lab"]),
        ("alice", ["#alice"]),
        ("two words", []),
    ],
)
def test_the_switcher_finds_rooms_and_people(run: Run, typed: str, found: list[str]) -> None:
    """And offers a room of that name, where there is none; never oneself."""
    code = """
        $('input').value = given.typed;
        $('input').dispatchEvent(new Event('input', {bubbles: true}));
        await frames();
        return end([...box.querySelectorAll('[role=option] bdi')].map((one) => one.textContent));
    """
    assert opened(run, code, view={"name": "switcher"}, typed=typed) == found


def test_the_switcher_goes_by_arrows_and_enter(run: Run) -> None:
    code = """
        const input = $('input');
        input.value = 'la';
        input.dispatchEvent(new Event('input', {bubbles: true}));
        await frames();
        const key = (name) =>
          input.dispatchEvent(new KeyboardEvent('keydown', {key: name, bubbles: true}));
        key('ArrowDown');
        await frames();
        const pointed = document.getElementById(input.getAttribute('aria-activedescendant'));
        const found = [pointed.ariaSelected, pointed.querySelector('bdi').textContent];
        key('Enter');
        await frames();
        return end([...found, calls, app.state.view]);
    """
    expected = ["true", "#la", [["join", "#la"]], None]
    assert opened(run, code, view={"name": "switcher"}) == expected


def test_the_help_tells_what_each_key_does(run: Run) -> None:
    """In words: a text that is missing would show its key."""
    code = """
        const rows = [...box.querySelectorAll('dd')].map((one) => one.textContent);
        return end(rows.filter((one) => !one || one.includes('.')));
    """
    assert opened(run, code, view={"name": "help"}) == []
