"""What was typed is stored once, or refused, and never lost on the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.page.conftest import Run

OUTBOX = """
    const kept = new Map();
    const store = {drop: (key) => kept.delete(key),
      keep: async ({key, state}) => kept.set(key, state)};
    const c = it.makeConversation('#den');
    c.fresh = true;
    const outbox = new it.Outbox(store, {conversation: () => c, find: () => c, changed() {},
      stored() {}, words: ({text}) => text});
    const lines = [];
    const waiting = new Map();
    const session = {ready: true, limits: {bytes: 100, lines: 3},
      expect: (on) => (waiting.set(String(waiting.size + 1), on), String(waiting.size)),
      say: (target, text, tags) => lines.push([text, tags.label, tags['securechat/key']])};
    const say = (text) => outbox.put('tab', 'alice', '#den', text, {}, session.limits);
    const echo = (label) => waiting.get(label).done([{command: 'PRIVMSG', params: ['#den', 'x'],
      source: 'alice!a@s', tags: {msgid: `m${label}`, time: '2026-01-01T00:00:00.000Z'}}]);
    const shown = () => c.items.map(({text, delivery}) => [text, delivery]);
"""


def outbox(run: Run, code: str) -> Any:
    return run(OUTBOX + code, "model/outbox", "model/timeline")


def test_it_is_kept_until_its_echo(run: Run) -> None:
    code = """
        say('one');
        const before = [kept.size, shown()];
        outbox.flush(session);
        echo('1');
        return [...before, kept.size, shown()];
    """
    assert outbox(run, code) == [1, [["one", "pending"]], 0, [["one", "stored"]]]


def test_its_order_is_not_the_clocks(run: Run) -> None:
    """Pieces of one text are of one millisecond, and a clock may be set back meanwhile."""
    code = """
        const times = [];
        store.keep = async ({at}) => times.push(at);
        const {now} = Date;
        say('x '.repeat(140));
        Date.now = () => now() - 3600_000;
        say('and later');
        Date.now = now;
        return [times.length, times.every((at, n) => !n || at > times[n - 1])];
    """
    assert outbox(run, code) == [4, True]


def test_it_is_sent_again_with_the_same_key(run: Run) -> None:
    """So the server stores it once."""
    code = """
        say('one');
        outbox.flush(session);
        waiting.get('1').failed({code: 'LOST'});
        outbox.flush(session);
        const [[, , first], [, , second]] = lines;
        return [lines.length, first === second, /^[0-9a-f]{1,15}$/.test(first), kept.size];
    """
    assert outbox(run, code) == [2, True, True, 1]


def test_what_is_refused_waits_for_the_person(run: Run) -> None:
    """Sent again it has another key, as it is another message."""
    code = """
        say('one');
        outbox.flush(session);
        waiting.get('1').failed({code: '404', text: 'moderated'});
        outbox.flush(session);
        const refused = [shown(), c.items[0].reason, lines.length, [...kept.values()]];
        outbox.retry(c.items[0].key, session);
        const again = [shown(), lines[0][2] === lines[1][2]];
        waiting.get('2').failed({code: '404', text: 'moderated'});
        outbox.forget(c.items[0].key);
        return [refused, again, shown(), kept.size];
    """
    assert outbox(run, code) == [
        [[["one", "refused"]], "moderated", 1, ["refused"]],
        [[["one", "pending"]], False],
        [],
        0,
    ]


def test_few_are_on_the_way_and_in_their_order(run: Run) -> None:
    code = """
        for (let n = 0; n < 40; n++) say(`n${n}`);
        outbox.flush(session);
        const first = lines.length;
        for (let n = 1; n <= 40; n++) echo(String(n));
        return [first, lines.map(([text]) => text).join() === shown().map(([text]) => text).join()];
    """
    assert outbox(run, code) == [16, True]


def test_it_has_a_limit(run: Run) -> None:
    code = "for (let n = 0; n < 500; n++) say('x'); return [say('y').code, kept.size]"
    assert outbox(run, code) == ["FULL", 500]


@pytest.mark.parametrize(
    ("text", "packs"),
    [
        ("one\ntwo", ["one\ntwo"]),
        ("\n\n  one\r\ntwo \n\n", ["  one\ntwo"]),
        (" \n\t ", []),
        ("a\nb\nc\nd", ["a\nb\nc", "d"]),
        ("x" * 150, ["x" * 100, "x" * 50]),
        ("a\n" + "x" * 99, ["a", "x" * 99]),
    ],
)
def test_a_text_is_as_few_messages_as_the_server_takes(
    run: Run, text: str, packs: list[str]
) -> None:
    code = "return it.pack(given, {bytes: 100, lines: 3})"
    assert run(code, "model/outbox", given=text) == packs
