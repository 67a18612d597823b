"""The timeline on the screen: it stays at the end, or where somebody reads."""

from __future__ import annotations

from typing import Any

from tests.web.page.conftest import Run

MOUNT = """
    let root = document.getElementById('app');
    if (!root) {
      const style = document.createElement('link');
      Object.assign(style, {rel: 'stylesheet', href: '/style.css'});
      root = Object.assign(document.createElement('div'), {id: 'app'});
      const loaded = new Promise((done) => (style.onload = done));
      document.body.append(style, root);
      await loaded;
    }
    it.render(null, root);
    const frame = () => new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
    // Another room each time: the page knows where one has read in those of before.
    const name = `#den${(globalThis.rooms = (globalThis.rooms ?? 0) + 1)}`;
    const room = it.makeConversation(name);
    const said = (at, more = {}) => ({kind: 'message', key: `k${at}`, id: `m${at}`, at: at * 60000,
      author: `p${at % 3}`, text: 'word '.repeat(Math.abs(at) % 50), reactions: [], delivery: null,
      ...more});
    room.items = Array.from({length: 2000}, (_, at) => said(at + 1));
    Object.assign(room, {joined: true, fresh: true, hasOlder: false, latest: 2000 * 60000});
    const conversations = new Map([[name, room]]);
    Object.assign(it.app.state, {phase: 'online', current: name, conversations});
    const changed = async () => {
      room.revision++;
      it.app.dismiss(0);
      for (let n = 0; n < 4; n++) await frame();
    };
    const log = () => document.querySelector('.log');
    const rest = () => Math.round(log().scrollHeight - log().scrollTop - log().clientHeight);
    const row = (key) => log().querySelector(`[data-key=${key}]`);
    const top = (key) => Math.round(row(key)?.getBoundingClientRect().top);
    const open = () => (it.render(it.h(it.App), root), changed());
    const scroll = async (by) => { log().scrollTop += by; await frame(); await frame(); };
"""


def screen(run: Run, code: str) -> Any:
    return run(MOUNT + code, "app", "html", "model/timeline", "views/app")


def test_at_the_end_it_stays_there(run: Run) -> None:
    code = """
        await open();
        const before = rest();
        for (let n = 1; n < 40; n++) room.items.push(said(2000 + n));
        await changed();
        return [before, rest(), log().querySelector('li:last-child').dataset.key];
    """
    assert screen(run, code) == [0, 0, "k2039"]


def test_who_reads_the_past_keeps_the_place(run: Run) -> None:
    code = """
        await open();
        await scroll(-1500);
        const before = top('k1950');
        room.items.push(...Array.from({length: 50}, (_, n) => said(2001 + n)));
        await changed();
        room.items.unshift(...Array.from({length: 50}, (_, n) => said(n - 49)));
        await changed();
        return [before === top('k1950'), rest() > 1000];
    """
    assert screen(run, code) == [True, True]


def test_scrolling_up_reaches_the_oldest_with_few_rows_drawn(run: Run) -> None:
    code = """
        await open();
        let most = 0;
        for (let n = 0; n < 400 && !row('k1'); n++) {
          await scroll(-4000);
          most = Math.max(most, log().querySelectorAll('li').length);
        }
        return [most < 400, !!row('k1')];
    """
    assert screen(run, code) == [True, True]


def test_a_button_goes_to_the_newest(run: Run) -> None:
    code = """
        await open();
        for (let n = 0; n < 10; n++) await scroll(-4000);
        document.querySelector('.newest').click();
        await changed();
        return [rest(), !!document.querySelector('.newest')];
    """
    assert screen(run, code) == [0, False]


def test_who_says_something_sees_it(run: Run) -> None:
    code = """
        await open();
        for (let n = 0; n < 10; n++) await scroll(-4000);
        room.items.push(said(2001, {delivery: 'pending', mine: true, id: null}));
        await changed();
        return rest();
    """
    assert screen(run, code) == 0


def test_a_jump_shows_its_message_and_more_can_follow(run: Run) -> None:
    code = """
        await open();
        const seen = [];
        for (const key of ['k700', 'k1200', 'k700']) {
          room.target = key;
          await changed();
          const inSight = top(key) > 0 && top(key) < innerHeight;
          seen.push([document.activeElement.dataset.key, inSight, room.target]);
          await scroll(5000);
        }
        return seen;
    """
    assert screen(run, code) == [["k700", True, None], ["k1200", True, None], ["k700", True, None]]


def test_a_room_opens_where_what_is_unread_begins(run: Run) -> None:
    code = """
        room.unreadFrom = 1900 * 60000;
        await open();
        const line = log().querySelector('.new').getBoundingClientRect().top;
        return [line > 0 && line < innerHeight / 2, rest() > 500];
    """
    assert screen(run, code) == [True, True]


def test_what_is_the_same_is_not_drawn_again(run: Run) -> None:
    code = """
        await open();
        await scroll(-3000);
        let changes = 0;
        const watch = new MutationObserver((all) => (changes += all.length));
        const all = {subtree: true, childList: true, attributes: true, characterData: true};
        watch.observe(log(), all);
        room.items.push(said(2001));
        await changed();
        watch.disconnect();
        return changes;
    """
    assert screen(run, code) == 0


def test_who_comes_back_to_a_room_reads_on_where_they_were(run: Run) -> None:
    code = """
        await open();
        for (let n = 0; n < 10; n++) await scroll(-2000);
        const all = [...log().querySelectorAll('li[data-key]')].map((one) => one.dataset.key);
        const key = all.find((one) => top(one) > 100);
        const before = top(key);
        conversations.set('#lab', it.makeConversation('#lab'));
        it.app.state.current = '#lab';
        await changed();
        it.app.state.current = name;
        await changed();
        return top(key) - before;
    """
    assert screen(run, code) == 0


def test_who_logs_in_next_begins_at_the_newest(run: Run) -> None:
    """Not where somebody else has read in a room of that name."""
    code = """
        await open();
        for (let n = 0; n < 10; n++) await scroll(-2000);
        conversations.clear();
        Object.assign(it.app.state, {phase: 'login', current: null});
        await changed();
        const next = it.makeConversation(name);
        next.items = room.items.slice(-100).map((item) => ({...item, key: `n${item.key}`}));
        Object.assign(next, {joined: true, fresh: true, hasOlder: false});
        conversations.set(name, next);
        Object.assign(it.app.state, {phase: 'online', current: name});
        await changed();
        return rest();
    """
    assert screen(run, code) == 0


def test_a_fault_of_a_view_leaves_no_empty_page(run: Run) -> None:
    code = """
        room.items.push(said(2001, {text: null}));
        await open();
        const text = root.textContent;
        it.render(null, root);
        return text;
    """
    assert "Reload" in screen(run, code)
