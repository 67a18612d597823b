"""The window of a conversation: bounded, in order, nothing twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.page.conftest import Run

WINDOW = """
    const c = it.makeConversation('#den');
    c.fresh = true;
    const at = (n) => new Date(Date.UTC(2026, 0, 1) + 1000 * n).toISOString();
    const said = (n, text = `text ${n}`, from = 'bob') => ({command: 'PRIVMSG',
      params: ['#den', text], source: `${from}!${from}@s`, tags: {msgid: `m${n}`, time: at(n)}});
    const about = (n, id, tags, from = 'bob') => ({command: 'TAGMSG', params: ['#den'],
      source: `${from}!x@s`, tags: {msgid: `m${n}`, time: at(n), '+draft/reply': id, ...tags}});
    const range = (from, to) => Array.from({length: to - from}, (_, n) => said(from + n));
    const add = (...messages) => messages.forEach((message) => it.add(c, message, 'alice'));
    const page = (way, messages) => it.addPage(c, way, messages, 'alice');
    const ids = () => c.items.map(({id}) => id);
"""


def window(run: Run, code: str, given: object = None) -> Any:
    return run(WINDOW + code, "model/timeline", given=given)


def test_a_message_comes_once(run: Run) -> None:
    """Live, in a page, and by its echo."""
    code = """
        page('whole', range(0, 3));
        add(said(2), said(3));
        page('newer', range(2, 5));
        return ids();
    """
    assert window(run, code) == ["m0", "m1", "m2", "m3", "m4"]


def test_older_pages_stand_before(run: Run) -> None:
    code = """
        page('whole', range(10, 12));
        const more = [page('older', range(8, 10)), page('older', range(8, 10)), page('older', [])];
        return [ids(), more, c.first, c.last];
    """
    assert window(run, code) == [["m8", "m9", "m10", "m11"], [True, False, False], "m8", "m11"]


def test_the_window_is_bounded_at_both_ends(run: Run) -> None:
    """It goes on from its borders, without a gap."""
    code = """
        page('whole', range(2000, 4000));
        page('older', range(1900, 2000));
        const back = [c.items.length, c.last, c.hasNewer, c.ids.size];
        page('newer', range(3900, 4000));
        return [...back, c.items.length, c.first, c.hasOlder];
    """
    assert window(run, code) == [2000, "m3899", True, 2000, 2000, "m2000", True]


def test_who_reads_further_up_keeps_what_is_there(run: Run) -> None:
    """What is said beyond the limit waits; who follows sees it, and the oldest go."""
    code = """
        page('whole', range(0, 2000));
        c.following = false;
        add(said(2000));
        const waits = [c.items.length, c.hasNewer, c.last];
        Object.assign(c, {following: true, hasNewer: false});
        add(said(2000));
        return [...waits, c.items.length, c.first, c.last];
    """
    assert window(run, code) == [2000, True, "m1999", 1901, "m100", "m2000"]


def test_reactions_wait_for_their_message(run: Run) -> None:
    """A page may have them before it has what they are about; the last word counts."""
    code = """
        const react = (n, what, from) => about(n, 'm1', {'+draft/react': what}, from);
        page('whole', [react(5, 'A'), react(6, 'B')]);
        add(about(7, 'm1', {'+draft/unreact': 'B'}), about(8, 'm1', {'+react': 'A'}, 'carol'));
        page('older', [said(1), react(2, 'B')]);
        return c.items[0].reactions;
    """
    assert window(run, code) == [{"emoji": "A", "names": ["bob", "carol"]}]


def test_what_changes_is_another_item(run: Run) -> None:
    """Views compare them."""
    code = """
        add(said(1));
        const before = c.items[0];
        const tags = {msgid: 'm2'};
        add({command: 'REDACT', params: ['#den', 'm1', 'oops'], source: 'bob', tags});
        const now = c.items[0];
        return [before === now, before.key === now.key, before.text, now.text, now.redacted];
    """
    redacted = {"by": "bob", "reason": "oops"}
    assert window(run, code) == [False, True, "text 1", "", redacted]


def test_our_own_stand_at_the_end_until_they_are_stored(run: Run) -> None:
    code = """
        const entry = {key: 'k1', at: 0, text: 'mine', action: false, reply: null, state: 'pending',
          reason: ''};
        add(said(1));
        it.showUnsent(c, entry, 'alice');
        add(said(2));
        const waits = c.items.map(({delivery}) => delivery);
        it.settleUnsent(c, entry, said(3, 'mine', 'alice'));
        add(said(3, 'mine', 'alice'), said(4));
        return [waits, ids(), c.items[2].delivery, c.items[2].key];
    """
    expected = [[None, None, "pending"], ["m1", "m2", "m3", "m4"], "stored", "k1"]
    assert window(run, code) == expected


def test_ours_that_the_history_has_are_stored(run: Run) -> None:
    code = """
        page('older', [said(1), said(2, 'mine', 'alice')]);
        return c.items.map(({delivery}) => delivery);
    """
    assert window(run, code) == [None, "stored"]


def test_what_is_stored_before_the_window_is_whole_comes_with_its_page(run: Run) -> None:
    """It stays in sight meanwhile, and hides no gap."""
    code = """
        const entry = {key: 'k1', at: 0, text: 'mine', action: false, reply: null, state: 'pending',
          reason: ''};
        add(said(1));
        it.showUnsent(c, entry, 'alice');
        c.fresh = false;
        it.settleUnsent(c, entry, said(4, 'mine', 'alice'));
        const meanwhile = [c.items.map(({delivery}) => delivery), c.last];
        page('newer', [said(2), said(3), said(4, 'mine', 'alice')]);
        return [meanwhile, ids(), c.items[3].delivery, c.items[3].key, c.unsent];
    """
    meanwhile = [[None, "stored"], "m1"]
    assert window(run, code) == [meanwhile, ["m1", "m2", "m3", "m4"], "stored", "k1", 0]


def test_what_a_page_brings_before_its_echo_stands_once(run: Run) -> None:
    """It was stored on a connection that was lost, and is sent again while pages come."""
    code = """
        const entry = {key: 'k1', at: 0, text: 'mine', action: false, reply: null, state: 'pending',
          reason: ''};
        it.showUnsent(c, entry, 'alice');
        c.fresh = false;
        page('newer', [said(1, 'mine', 'alice'), said(2)]);
        it.settleUnsent(c, entry, said(1, 'mine', 'alice'));
        page('newer', [said(3)]);
        return [ids(), c.unsent];
    """
    assert window(run, code) == [["m1", "m2", "m3"], 0]


def test_what_changes_others_changes_a_window_that_is_elsewhere(run: Run) -> None:
    code = """
        page('whole', range(0, 3));
        c.hasNewer = true;
        add(about(9, 'm1', {'+draft/react': '🎉'}), said(10));
        add({command: 'REDACT', params: ['#den', 'm2'], source: 'bob!b@s', tags: {msgid: 'm11'}});
        return [ids(), c.items[1].reactions.length, !!c.items[2].redacted];
    """
    assert window(run, code) == [["m0", "m1", "m2"], 1, True]


def test_what_is_unread_is_what_others_have_said_since(run: Run) -> None:
    code = """
        page('whole', [said(1), said(2, 'hi Alice!'), said(3, 'malice'), said(4, 'x', 'alice')]);
        c.marker = Date.parse(at(1));
        it.recount(c);
        return [c.unread, c.mentions];
    """
    assert window(run, code) == [2, 1]


def test_names_are_words(run: Run) -> None:
    code = "return given.map(([text, name]) => it.names(text, name))"
    given = [
        ("hi alice", "Alice"),
        ("alice: hi", "alice"),
        ("malice", "alice"),
        ("alice_2", "alice"),
        ("привет, Ольга!", "ольга"),
        ("a [x] b", "[x]"),
        ("anything", ""),
    ]
    assert window(run, code, given) == [True, True, False, False, True, True, False]


def test_a_flood_of_reactions_is_bounded(run: Run) -> None:
    code = """
        add(said(1));
        for (let n = 0; n < 400; n++) add(about(2, 'm1', {'+draft/react': `${n}`}));
        for (let n = 0; n < 3200; n++) add(about(2, `x${n}`, {'+draft/react': 'A'}));
        return [c.items[0].reactions.length, c.marks.size];
    """
    assert window(run, code) == [300, 3000]


def test_a_page_brings_reactions_with_their_message(run: Run) -> None:
    code = """
        page('whole', [said(1), about(2, 'm1', {'+draft/react': 'x'}, 'carol'), said(3)]);
        return c.items[0].reactions;
    """
    assert window(run, code) == [{"emoji": "x", "names": ["carol"]}]


@pytest.mark.parametrize("name", ["a_b", "a-b", "[a]", "a^b", "a|b", "анна-мария"])
def test_a_name_with_any_sign_in_it_is_found(run: Run, name: str) -> None:
    """What has a meaning in a pattern, and what a pattern refuses to have a backslash before it."""
    assert run("return it.names(`hi ${given}!`, given)", "model/timeline", given=name)
    assert not run("return it.names(`hi x${given}!`, given)", "model/timeline", given=name)
