"""Pages: no gap, nothing twice, whatever comes meanwhile."""

from __future__ import annotations

from typing import Any

from tests.web.page.conftest import Run

SERVER = """
    const log = [];
    const say = (n) => log.push({command: 'PRIVMSG', params: ['#den', `${n}`], source: 'bob!b@s',
      tags: {msgid: `m${n}`, time: new Date(Date.UTC(2026, 0, 1) + 1000 * n).toISOString()}});
    for (let n = 0; n < 1000; n++) say(n);
    const asked = [];
    let meanwhile = () => {};
    const session = {ready: true, async request(_, way, name, mark, limit) {
      asked.push(`${way} ${mark}`);
      const at = log.findIndex(({tags}) => `msgid=${tags.msgid}` === mark);
      if (given?.forgets && at < 0 && mark !== '*') throw {code: 'INVALID_PARAMS', text: ''};
      const messages = {LATEST: () => log.slice(-limit),
        AFTER: () => log.slice(at + 1, at + 1 + limit),
        BEFORE: () => log.slice(Math.max(0, at - limit), at),
        AROUND: () => log.slice(Math.max(0, at - limit / 2), at + limit / 2)}[way]();
      await null;
      meanwhile();
      return [{command: 'BATCH', messages}];
    }};
    const c = it.makeConversation('#den');
    const history = new it.History({session: () => session, me: () => 'alice', changed() {}});
    const live = (n) => { say(n); it.add(c, log.at(-1), 'alice'); };
    const numbers = () => c.items.map(({text}) => +text);
    const whole = () => numbers().every((n, at) => !at || n === numbers()[at - 1] + 1);
"""


def server(run: Run, code: str, **given: object) -> Any:
    return run(SERVER + code, "history", "model/timeline", given=given)


def test_what_comes_while_a_page_is_on_its_way_stands_behind_it(run: Run) -> None:
    code = """
        meanwhile = () => { live(1000); live(1001); meanwhile = () => {}; };
        await history.load(c);
        return [whole(), numbers().at(-1), c.fresh];
    """
    assert server(run, code) == [True, 1001, True]


def test_of_a_flood_meanwhile_nothing_is_missing(run: Run) -> None:
    """More than is held: it is asked for once more."""
    code = """
        meanwhile = () => { for (let n = 1000; n < 1600; n++) live(n); meanwhile = () => {}; };
        await history.load(c);
        return [whole(), numbers().at(-1), c.fresh];
    """
    assert server(run, code) == [True, 1599, True]


def test_what_comes_while_the_last_page_does_is_not_missed(run: Run) -> None:
    """The window was full, and somebody who has read its beginning comes to its end."""
    code = """
        await history.load(c);
        c.following = false;
        for (let n = 1000; n < 3000; n++) live(n);
        meanwhile = () => { if (/m2999$/.test(asked.at(-1)) && log.length < 3001) live(3000); };
        while (c.hasNewer) await history.newer(c);
        while (c.loading) await null;
        return [whole(), numbers().at(-1), c.fresh];
    """
    assert server(run, code) == [True, 3000, True]


OWN = """
    const entry = {key: 'k1', at: 0, text: '995', action: false, reply: null, state: 'pending',
      reason: '', again: true};
    await history.load(c);
    it.showUnsent(c, entry, 'alice');
"""


def test_what_is_sent_again_stands_where_it_was_stored(run: Run) -> None:
    """The server's answer to it is no news, and tells nothing of what came since."""
    code = """
        c.fresh = false;
        for (let n = 1000; n < 1003; n++) say(n);
        const echo = log.at(-2);
        it.settleUnsent(c, entry, echo);
        it.add(c, echo, 'alice');
        await history.load(c);
        return [whole(), numbers().at(-1), c.unsent, c.items.at(-2).key];
    """
    assert server(run, OWN + code) == [True, 1002, 0, "k1"]


def test_what_is_older_than_the_window_does_not_stand_at_its_end(run: Run) -> None:
    """It was stored on a connection that was lost long ago."""
    code = """
        const echo = log[5];
        it.settleUnsent(c, entry, echo);
        it.add(c, echo, 'alice');
        const before = [numbers().at(-1), c.items.at(-1).delivery];
        await history.load(c);
        return [...before, whole(), numbers().at(-1), c.unsent, c.fresh];
    """
    assert server(run, OWN + code) == [995, "stored", True, 999, 0, True]


def test_who_jumps_while_pages_come_is_there(run: Run) -> None:
    """None of these is put behind what was jumped to; nor is that shown to who has come back."""
    code = """
        await history.load(c);
        c.fresh = false;
        for (let n = 1000; n < 1300; n++) say(n);
        const jump = () => history.around(c, 'msgid=m500', 'm500');
        let jumped = [history.load(c), jump()];
        await Promise.all(jumped);
        const there = [whole(), numbers()[0], c.hasNewer, c.fresh];
        jumped = [jump(), history.latest(c)];
        await Promise.all(jumped);
        return [...there, whole(), numbers().at(-1), c.hasNewer, c.fresh];
    """
    assert server(run, code) == [True, 450, True, False, True, 1299, False, True]


def test_after_a_lost_connection_the_rest_is_fetched(run: Run) -> None:
    code = """
        await history.load(c);
        c.fresh = false;
        for (let n = 1000; n < 1250; n++) say(n);
        await history.load(c);
        return [whole(), numbers().length, numbers().at(-1), asked[1]];
    """
    assert server(run, code) == [True, 350, 1249, "AFTER msgid=m999"]


def test_of_a_long_absence_the_window_begins_anew(run: Run) -> None:
    code = """
        await history.load(c);
        c.fresh = false;
        for (let n = 1000; n < 2000; n++) say(n);
        await history.load(c);
        return [whole(), numbers().at(-1), c.hasOlder, asked.length < 10];
    """
    assert server(run, code) == [True, 1999, True, True]


def test_a_server_that_was_restored_is_asked_for_what_it_has(run: Run) -> None:
    code = """
        await history.load(c);
        c.fresh = false;
        c.last = 'gone';
        await history.load(c);
        return [whole(), c.problem, c.fresh];
    """
    assert server(run, code, forgets=True) == [True, None, True]


def test_pages_go_back_to_the_beginning_and_on_to_the_end(run: Run) -> None:
    """From the middle, where somebody has jumped to."""
    code = """
        await history.around(c, 'msgid=m500', 'm500');
        const target = c.items.find(({key}) => key === c.target).id;
        while (c.hasOlder) await history.older(c);
        while (c.hasNewer) await history.newer(c);
        await history.load(c);
        return [target, whole(), numbers()[0], numbers().at(-1), c.fresh];
    """
    assert server(run, code) == ["m500", True, 0, 999, True]


def test_a_page_for_a_window_that_has_moved_is_dropped(run: Run) -> None:
    code = """
        await history.load(c);
        const older = history.older(c);
        c.first = 'elsewhere';
        await older;
        return [numbers().length, c.loading];
    """
    assert server(run, code) == [100, False]


def test_a_lost_connection_is_no_problem_of_a_conversation(run: Run) -> None:
    code = """
        session.request = async () => { session.ready = false; throw {code: 'LOST', text: ''}; };
        await history.load(c);
        return [c.problem, c.fresh, c.held, c.loading];
    """
    assert server(run, code) == [None, False, None, False]
