"""What an administrator sees, and asks for, by a server that answers as it is told."""

from __future__ import annotations

from typing import Any

from tests.web.page.conftest import Run

HOSTILE = "<img src=x onerror=alert(1)>"

MOUNT = """
    const root = document.createElement('div');
    document.body.replaceChildren(root);
    const asked = [];
    const answers = {'invite list': {rows: [], more: false}, ...given};
    it.app.prove = async (password) => {
      if (password !== 'right') throw {code: 'PASSWORD'};
      delete answers.locked;
    };
    it.app.send = async (command, ...params) => {
      const facts = JSON.parse(params.pop());
      const what = params.join(' ');
      asked.push([what, facts]);
      if (answers.locked) throw {code: 'REAUTHENTICATE', text: ''};
      if (answers[what] === undefined) throw {code: 'REFUSED', text: `no ${what}`};
      const text = JSON.stringify(answers[what]);
      const pieces = text.match(/.{1,7}/gs) ?? [];
      const note = (...rest) => ({command: 'NOTE', params: ['ADMINISTER', ...rest]});
      return [...pieces.map((piece) => note('PART', piece)), note('END', what)];
    };
    const all = (selector) => [...root.querySelectorAll(selector)];
    const frame = () => new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
    const settled = async () => {
      await frame(); await frame();
      while (all('[aria-disabled=true]').length || root.textContent.includes('…')) await frame();
      await frame();
    };
    const button = (text) => all('button').find((one) => one.textContent === text);
    const press = async (text, times = 1) => {
      for (let n = 0; n < times; n++) {
        (button(text) ?? button(`${text}: sure?`)).click();
        await settled();
      }
    };
    const fill = (name, value) => (root.querySelector(`[name=${name}]`).value = value);
    await it.setLanguage('en');
    it.render(it.h(it.Admin), root);
    await settled();
"""


def screen(run: Run, code: str, **answers: object) -> Any:
    spaced = {name.replace("_", " "): answer for name, answer in answers.items()}
    return run(MOUNT + code, "app", "html", "text/index", "views/admin", given=spaced)


def test_an_invite_is_a_link_and_a_code(run: Run) -> None:
    """Another device may scan it."""
    code = """
        fill('uses', 25); fill('note', '7b');
        await press('Make a link');
        return [asked.slice(1, 2), all('code').map((one) => one.textContent), all('svg.qr').length];
    """
    made = {"page": "https://chat.test:8443/#invite=x", "link": "securechat://x", "closed": False}
    asked, links, codes = screen(run, code, invite=made)
    assert asked == [
        ["invite", {"uses": 25, "days": 7, "note": "7b"}],
    ]
    assert links == [made["page"], made["link"]]
    assert codes == 1


def test_the_password_is_asked_for_where_the_server_wants_it(run: Run) -> None:
    """A wrong one is told; after the right one it goes on."""
    code = """
        const before = all('[name=password]').length;
        fill('password', 'wrong'); await press('Next');
        const problem = all('[role=alert]').map((one) => one.textContent).join('');
        fill('password', 'right'); await press('Next');
        return [before, problem, all('[name=uses]').length];
    """
    before, problem, after = screen(run, code, locked=True)
    assert (before, after) == (1, 1)
    assert problem.startswith("Account or password is wrong")


def account(name: str, **more: object) -> dict[str, object]:
    flags = dict.fromkeys(("admin", "bot", "disabled", "second_factor"), 0)
    return {"name": name, "chosen_name": "", "tokens": 0, "created_ms": 0, **flags, **more}


def test_accounts_are_disabled_and_given_passwords(run: Run) -> None:
    """Each after a second press; administrators are left to the machine."""
    code = """
        await press('Accounts');
        for (const one of all('summary')) one.click();
        await settled();
        const once = all('details button').map((one) => one.textContent);
        await press('New password', 2);
        await press('Disable', 2);
        return [once, asked.slice(2), all('code').map((one) => one.textContent),
          all('summary').map((one) => one.textContent.trim()), button('Enable') !== undefined];
    """
    once, asked, shown, names, enabled = screen(
        run,
        code,
        user_list={"rows": [account("alice"), account("boss", admin=1)], "more": False},
        user_passwd={"name": "alice", "password": "four words of it"},
        user_disable="alice",
    )
    assert once == ["Disable", "New password", "End sessions"]
    assert asked == [["user passwd", {"name": "alice"}], ["user disable", {"name": "alice"}]]
    assert shown == ["four words of it"]
    assert names == ["alice disabled", "boss administrator"]
    assert enabled


def test_the_audit_goes_on_where_a_page_ends(run: Run) -> None:
    """And what is refused is told there."""
    code = """
        await press('Audit');
        await press('More');
        answers.audit = undefined;
        await press('More');
        const problems = all('[role=alert]').map((one) => one.textContent);
        return [asked.slice(1), all('.rows li').length, problems];
    """
    row = {"id": 7, "at_ms": 0, "event": "login", "account": "al", "address": "", "result": "ok"}
    asked, count, problems = screen(
        run, code, audit={"rows": [{**row, "facts": {"by": "token"}}], "more": True}
    )
    assert [facts["before"] for _, facts in asked] == [0, 7, 7]
    assert count == 2
    assert "no audit" in problems


def test_a_link_that_nobody_can_use_is_told(run: Run) -> None:
    code = "await press('Make a link'); return root.querySelector('[role=status]').textContent;"
    made = {"page": "", "link": "securechat://x", "closed": False, "loopback": True}
    assert "this machine only" in screen(run, code, invite=made)


def test_a_login_that_failed_reads_as_that(run: Run) -> None:
    code = "await press('Audit'); return root.querySelector('.rows li').textContent;"
    row = {"id": 7, "at_ms": 0, "event": "login", "account": "al", "address": "", "facts": {}}
    told = screen(run, code, audit={"rows": [{**row, "result": "no code"}], "more": False})
    assert "login · al ✗ refused: no code" in told


def test_what_is_said_by_others_is_text(run: Run) -> None:
    """Notes, topics, names and facts."""
    code = """
        const seen = [root.textContent];
        for (const tab of ['Rooms', 'Audit', 'What is kept']) {
          await press(tab);
          seen.push(root.textContent);
        }
        return [seen.map((text) => text.includes(answers.hostile)), all('img').length];
    """
    seen, images = screen(
        run,
        code,
        hostile=HOSTILE,
        invite_list={
            "rows": [{"id": "a", "uses": 1, "expires_ms": 0, "note": HOSTILE}],
            "more": False,
        },
        channel_list={
            "rows": [
                {"name": "#a", "members": 1, "modes": "n", "topic": HOSTILE, "keep_days": None}
            ],
            "more": False,
        },
        audit={
            "rows": [
                {
                    **dict.fromkeys(("event", "account", "address", "result"), HOSTILE),
                    "id": 1,
                    "at_ms": 0,
                    "facts": {HOSTILE: HOSTILE},
                }
            ],
            "more": False,
        },
        kept={
            "keep_days": 0,
            "oldest_ms": {"log": None, "audit": None},
            "files": {HOSTILE: 1},
            "free": 1,
            "channels": [],
        },
    )
    assert seen == [True] * 4
    assert images == 0


def test_rooms_and_files_are_told_in_words(run: Run) -> None:
    """In Russian, too."""
    code = """
        await it.setLanguage('ru');
        await press('Rooms'); await press('Комнаты');
        const [room] = all('summary').map((one) => one.textContent);
        await press('Что хранится');
        return [room, all('dt').map((one) => one.textContent)];
    """
    room = {"name": "#a", "members": 2, "modes": "inst", "topic": "", "keep_days": None}
    kept = {
        "keep_days": 0,
        "oldest_ms": {"log": None},
        "files": {"database": 1, "database WAL": 1, "search index": 1, "search index WAL": 1},
        "free": 1,
        "channels": [],
    }
    told, files = screen(run, code, channel_list={"rows": [room], "more": False}, kept=kept)
    assert told == "#a 2 человека · Закрытая"
    assert "База данных" in files
    assert not [name for name in files if name.startswith(("database", "search"))]
