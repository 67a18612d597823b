"""What a message of the server changes in the page."""

from __future__ import annotations

from typing import Any

from tests.web.page.conftest import Run

WORLD = """
    const state = {me: {account: 'alice'}, server: {}, conversations: new Map(), current: null,
      names: new Map(), named: 0};
    const told = [];
    const short = (one) => one?.name ?? one?.text ?? one;
    const tell = (what) => (...more) => told.push([what, ...more.map(short)]);
    const events = new it.Events(state, {made() {}, changed() {}, watched: () => false,
      load: (c) => { if (!given?.unloaded) c.fresh = true; else told.push(['load', c.name]); },
      said: tell('said'), notice: tell('notice'), invited: tell('invited'),
      later: tell('later'), renamed: tell('renamed'), gone: tell('gone')});
    let count = 0;
    const hears = (...lines) => lines.forEach((line) => {
      const message = it.parse(line);
      message.tags.msgid ??= `m${++count}`;
      events.take(message);
    });
    const room = (name) => state.conversations.get(name);
    const people = (name) =>
      [...room(name).members.values()].map(({name, roles, away}) => [name, roles, away]);
    const enter = () => {
      hears(':alice!a@s JOIN #den');
      const rows = [':s 354 alice alice H~@', ':s 354 alice Bob GB', ':s 315 alice #den :End'];
      events.setMembers(room('#den'), rows.map((row) => it.parse(row)));
    };
"""


def world(run: Run, code: str, **given: object) -> Any:
    return run(WORLD + code, "model/events", "irc/message", given=given)


def test_a_message_is_unread_until_the_marker_says_otherwise(run: Run) -> None:
    code = """
        enter();
        hears('@time=2026-01-01T00:00:01.000Z :bob!b@s PRIVMSG #Den :hi alice',
          '@time=2026-01-01T00:00:02.000Z :bob!b@s PRIVMSG #den :you',
          '@time=2026-01-01T00:00:03.000Z :alice!a@s PRIVMSG #den :mine');
        const before = [room('#den').unread, room('#den').mentions];
        hears(':s MARKREAD #den timestamp=2026-01-01T00:00:01.000Z');
        return [before, [room('#den').unread, room('#den').mentions], told.map(([what]) => what)];
    """
    assert world(run, code) == [[2, 1], [1, 0], ["said", "said"]]


def test_a_conversation_is_with_the_other_one(run: Run) -> None:
    """Whoever of the two speaks, on whichever device."""
    code = """
        hears(':Bob!b@s PRIVMSG alice :psst', ':alice!a@s PRIVMSG bob :yes');
        hears(':s NOTICE alice :kept');
        return [[...state.conversations.keys()], room('bob').items.length, told.at(-1)];
    """
    assert world(run, code) == [["bob"], 2, ["notice", "kept"]]


def test_people_come_go_and_change(run: Run) -> None:
    code = """
        enter();
        hears(':carol!c@s JOIN #den', ':alice!a@s MODE #den +o-b+v carol x!*@* Bob');
        hears(':carol!c@s AWAY :lunch');
        const before = people('#den');
        hears(':Bob!b@s QUIT :bye', ':alice!a@s KICK #den carol :rude');
        hears(':alice!a@s MODE #den +imk key');
        return [before, people('#den'), room('#den').modes];
    """
    assert world(run, code) == [
        [["alice", "~@", None], ["Bob", "+", ""], ["carol", "@", "lunch"]],
        [["alice", "~@", None]],
        "imk",
    ]


def test_we_are_put_out_and_leave(run: Run) -> None:
    """Of who is put out the conversation stays, so that the reason is seen."""
    code = """
        enter();
        hears(':bob!b@s KICK #den alice :rude');
        const put = [room('#den').joined, room('#den').items.at(-1).text];
        hears(':alice!a@s JOIN #den', ':alice!a@s PART #den');
        return [put, told];
    """
    assert world(run, code) == [[False, "rude"], [["gone", "#den"]]]


def test_a_renamed_room_is_the_same_room(run: Run) -> None:
    code = """
        enter();
        state.current = '#den';
        hears(':bob!b@s PRIVMSG #den :hi', ':alice!a@s RENAME #den #Lair :larger');
        const known = [...state.conversations.keys()];
        return [known, state.current, room('#lair').items.length, told.at(-1)];
    """
    assert world(run, code) == [["#lair"], "#lair", 3, ["renamed", "#den", "#Lair"]]


def test_typing_ends_by_itself_and_by_words(run: Run) -> None:
    code = """
        enter();
        hears('@+typing=active :bob!b@s TAGMSG #den', '@+typing=paused :carol!c@s TAGMSG #den',
          '@+typing=active :alice!a@s TAGMSG #den');
        const both = [...room('#den').typing];
        hears(':bob!b@s PRIVMSG #den :said');
        const one = [...room('#den').typing];
        room('#den').typists.get('carol').until = 0;
        events.showTyping(room('#den'));
        return [both, one, room('#den').typing];
    """
    assert world(run, code) == [["bob", "carol"], ["carol"], []]


def test_what_isnt_loaded_is_asked_for_and_not_shown_with_a_gap(run: Run) -> None:
    code = """
        enter();
        hears(':bob!b@s PRIVMSG #den :hi');
        return [room('#den').items.length, told.filter(([what]) => what === 'load').length > 0];
    """
    assert world(run, code, unloaded=True) == [0, True]


def test_nothing_hostile_breaks_it(run: Run) -> None:
    """Every command with none to five words, in all lengths and with names of properties."""
    code = """
        enter();
        const words = ['', '#den', 'alice', '__proto__', 'constructor', '+' + 'o'.repeat(50),
          'timestamp=x', '#' + 'x'.repeat(500), '\\u0000\\u202e', '*'];
        const commands = `PRIVMSG NOTICE TAGMSG REDACT JOIN PART KICK QUIT NICK MODE TOPIC RENAME
          AWAY INVITE MARKREAD 005 324 331 332 constructor __proto__`.split(/\\s+/);
        const word = (at) => words[at % words.length];
        for (const command of commands)
          for (let at = 0; at < 60; at++) {
            const params = Array.from({length: at % 6}, (_, n) => word(at * 7 + n * 3));
            const tags = {msgid: `h${at}`, time: 'never', '+typing': 'constructor',
              '+draft/react': 'x', '+draft/reply': '__proto__'};
            const source = at % 2 ? 'evil!e@s' : '';
            events.take({command, params, source, tags: at % 3 ? tags : {}});
          }
        return [({}).polluted ?? null, room('#den') !== undefined];
    """
    assert world(run, code) == [None, True]


def test_conversations_and_people_are_bounded(run: Run) -> None:
    code = """
        enter();
        for (let n = 0; n < 1200; n++) hears(`:p${n}!p@s PRIVMSG alice :hi`);
        const rows = Array.from({length: 6000}, (_, n) => it.parse(`:s 354 alice p${n} H`));
        events.setMembers(room('#den'), rows);
        hears(':one!o@s JOIN #den');
        for (let n = 0; n < 50; n++) hears(`@+typing=active :t${n}!t@s TAGMSG #den`);
        return [state.conversations.size, room('#den').members.size, room('#den').typing.length];
    """
    assert world(run, code) == [1000, 5000, 20]


def test_people_are_called_as_they_want(run: Run) -> None:
    """By the one key that is for it, cut, and of so many people at most; what else there is to be
    had is asked for.
    """
    code = """
        hears(':s 761 alice Bob display-name * :Bob the Builder');
        hears(':s 761 alice Bob status * :away');
        hears(':s 761 alice #den display-name * :The Den', ':s 774 alice *ALL 0 :Ask for it');
        hears(`:s 761 alice eve display-name * :${'x'.repeat(200)}`);
        const called = [...state.names].map(([name, text]) => [name, text.length]);
        hears(':s 766 alice bob display-name :Key not set');
        for (let n = 0; n < 6000; n++) hears(`:s 761 alice n${n} display-name * :x`);
        return [called, state.names.has('bob'), state.names.size, told.at(-1)];
    """
    called = [["bob", 15], ["eve", 60]]
    assert world(run, code) == [called, False, 5000, ["later", "*ALL"]]
