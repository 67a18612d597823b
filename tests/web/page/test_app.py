"""The whole core of the page, against a server within it: who we are, and that nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.page.conftest import ORIGIN, TEXTS, answer

SERVER = Path(__file__).parent / "fake_server.js"

HELPERS = """
    const {app} = await import('/app.js');
    const {state} = app;
    const den = () => state.conversations.get('#den');
    const texts = () => den().items.map(({text}) => text);
    const enter = async (more) => {
      app.login({account: 'alice', password: 'otter', ...more});
      await until(() => state.phase === 'online' && den()?.fresh);
    };
    const storage = await import('/device/storage.js');
    const pause = () => new Promise((done) => setTimeout(done, 10));
    /** Logged in, and the token is kept. */
    const remembered = async (device = 'd') => {
      await enter({device, remember: true});
      while (!(await storage.load('login'))) await pause();
    };
    const again = async () => {
      server.up = true;
      app.reconnect();
      await until(() => state.phase === 'online' && den()?.fresh);
    };
"""


class Tab:
    """page: of Playwright. Called with the body of an asynchronous function, it runs that."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def __call__(self, code: str) -> Any:
        return self._page.evaluate(f"async () => {{ {TEXTS} {HELPERS} {code} }}")

    def finds(self, name: str, told: object) -> None:
        """A file of JSON at its server."""
        self._page.route(f"**/{name}", lambda route: route.fulfill(json=told))

    def reload(self) -> None:
        self._page.reload()

    def close(self) -> None:
        self._page.close()


@pytest.fixture
def tabs(browser: Any) -> Iterator[Callable[..., Tab]]:
    """Open one more tab of one and the same browser."""
    context = browser.new_context(locale="en-US")

    def opened(address: str = ORIGIN) -> Tab:
        page = context.new_page()
        page.route("**/*", answer)
        page.add_init_script(path=SERVER)
        page.goto(address)
        return Tab(page)

    yield opened
    context.close()


@pytest.fixture
def tab(tabs: Callable[[], Tab]) -> Tab:
    """One tab."""
    return tabs()


def test_a_password_is_traded_for_a_token(tab: Tab) -> None:
    """It is kept nowhere; the token, by its name, is."""
    code = """
        await remembered('Laptop of Alice');
        const kept = await storage.load('login');
        return [kept.account, kept.name, kept.password, JSON.stringify(kept).includes('otter')];
    """
    assert tab(code) == ["alice", "Laptop-of-Alice", "sct1_Laptop-of-Alice", False]


def test_who_doesnt_want_to_be_remembered_is_not(tab: Tab) -> None:
    code = """
        await enter({remember: false});
        return [await storage.load('login') ?? null, server.tokens];
    """
    assert tab(code) == [None, {}]


def test_a_wrong_password_leads_back_to_the_login(tab: Tab) -> None:
    code = """
        app.login({account: 'alice', password: 'wrong'});
        await until(() => state.phase === 'login');
        return [state.problem.code, state.conversations.size];
    """
    assert tab(code) == ["PASSWORD", 0]


def test_who_waits_for_others_is_told_so_and_comes_in(tab: Tab) -> None:
    """In the page's words; it is no refusal."""
    code = """
        server.silent.add('AUTHENTICATE');
        app.login({account: 'alice', password: 'otter'});
        await until(() => server.heard.includes('AUTHENTICATE PLAIN'));
        const [socket] = server.sockets;
        socket.says(':s NOTE AUTHENTICATE QUEUED 5 :Many log in at once; yours waits for its turn');
        await until(() => state.problem);
        const {problem: {code, text}, phase} = state;
        server.silent.clear();
        socket.says('AUTHENTICATE +');
        await until(() => state.phase === 'online');
        return [code, text, phase !== 'login', state.problem];
    """
    assert tab(code) == ["WAIT", "Many log in at once; yours waits for its turn.", True, None]


def test_a_page_that_is_opened_again_logs_in_by_its_token(tabs: Callable[[], Tab]) -> None:
    """Its server knows the token in the second tab, too."""
    tabs()("await remembered()")
    code = """
        server.tokens.sct1_d = 'alice';
        app.start();
        await until(() => state.phase === 'online');
        return state.me.account;
    """
    assert tabs()(code) == "alice"


def test_a_token_that_was_ended_elsewhere_is_forgotten(tabs: Callable[[], Tab]) -> None:
    """What was typed stays; the names of rooms and people don't."""
    first = """
        await remembered();
        app.setDraft('#den', 'half a thought');
        await until(() => !den().draftTimer);
    """
    tab = tabs()
    tab(first)
    tab.reload()
    assert "rooms alice" in tab("return Object.keys(localStorage)")
    code = """
        app.start();
        await until(() => state.phase === 'login' && state.problem);
        const kept = [await storage.load('login') ?? null, localStorage['rooms alice'] ?? null];
        const {code} = state.problem;
        await enter();
        return [code, ...kept, den().draft];
    """
    assert tabs()(code) == ["ENDED", None, None, "half a thought"]


@pytest.mark.parametrize("what", ["disabled", "deleted"])
@pytest.mark.parametrize("local", [True, False])
def test_whose_account_has_ended_is_told_so(
    tabs: Callable[..., Tab], what: str, *, local: bool
) -> None:
    """And the page doesn't come back by itself."""
    tab = tabs("http://127.0.0.1/") if local else tabs()
    if local:
        tab.finds("local.json", {"account": "alice", "token": "otter", "server": "s"})
    enter = "await app.start()" if local else "await remembered()"
    code = f"""
        {enter};
        await until(() => state.phase === 'online');
        server.sockets.at(-1).says('ERROR :Closing link: Your account has been {what}');
        await until(() => state.phase === 'login');
        return [state.problem.code, state.problem.text, await storage.load('login') ?? null];
    """
    end = "disabled. Ask whoever runs the server." if what == "disabled" else "deleted."
    assert tab(code) == [what.upper(), f"Your account was {end}", None]


def test_a_new_password_is_the_one_for_the_next_connection(tab: Tab) -> None:
    """Also of who isn't remembered."""
    code = """
        server.PASSWD = (socket, [password], label) => {
          server.accounts[socket.account] = password;
          socket.says(`${label}:s NOTE PASSWD CHANGED :ok`);
        };
        await enter({remember: false});
        await app.send('PASSWD', 'another otter');
        server.dies();
        await again();
        return state.problem;
    """
    assert tab(code) is None


def test_a_new_password_ends_the_page_of_securechat_open(tabs: Callable[..., Tab]) -> None:
    """Whose token has ended with it; the page makes none of its own in its place."""
    tab = tabs("http://127.0.0.1/")
    tab.finds("local.json", {"account": "alice", "token": "otter", "server": "s"})
    code = """
        for (const command of ['PASSWD', 'TOKEN', 'SESSIONS'])
          server[command] = (socket, _, label) => socket.says(`${label}:s NOTE ${command} X :ok`);
        await app.start();
        await until(() => state.phase === 'online');
        await app.send('PASSWD', 'another otter');
        const {forgotten} = await app.devices();
        server.accounts = {};
        server.dies();
        server.up = true;
        app.reconnect();
        await until(() => state.phase === 'login');
        return [forgotten, state.problem.code];
    """
    assert tab(code) == [False, "LOCAL_ENDED"]


def test_who_was_registered_by_securechat_open_is_told_what_is_kept(
    tabs: Callable[..., Tab],
) -> None:
    """Once: the server told it to the command, which nobody reads."""
    tab = tabs("http://127.0.0.1/")
    tab.finds("local.json", {"account": "alice", "token": "otter", "server": "s", "made": True})
    code = """
        const asked = () => server.heard.filter((line) => line.endsWith('POLICY #den')).length;
        await app.start();
        await until(() => state.phase === 'online' && den()?.fresh);
        return asked();
    """
    assert tab(code) == 1
    tab.reload()
    assert tab(code) == 0


def test_a_logout_ends_the_token_and_leaves_nothing(tab: Tab) -> None:
    code = """
        await remembered();
        app.setDraft('#den', 'half a thought');
        await until(() => !den().draftTimer);
        await app.logout();
        const kept = [Object.keys(localStorage), await storage.kept()];
        return [server.tokens, state.phase, await storage.load('login') ?? null, ...kept,
          state.conversations.size];
    """
    assert tab(code) == [{}, "login", None, ["settings"], [], 0]


def test_a_logout_takes_away_what_was_told(tab: Tab) -> None:
    """An invitation would be for whoever is next; but it says what the server couldn't be told."""
    code = """
        await remembered();
        server.sockets[0].says(':bob!u@s INVITE alice #secret');
        const before = state.notices.length;
        server.dies();
        await until(() => state.phase === 'offline');
        await app.logout();
        return [before, state.notices.map(({text}) => text)];
    """
    assert tab(code) == [1, ["The server couldn't be told. End d on another device."]]


def test_a_logout_leaves_nothing_in_other_tabs(tabs: Callable[[], Tab]) -> None:
    """Nor what was typed so shortly before that it waits to be written, nor where somebody was, nor
    what stands among the system's notifications.
    """
    first, second = tabs(), tabs()
    first("await remembered()")
    second(
        """
        globalThis.gone = 0;
        globalThis.Notification = class { static permission = 'granted'; close() { gone++; } };
        server.tokens = {sct1_d: 'alice'};
        await app.start();
        await until(() => den()?.fresh);
        (await import('/device/notify.js')).notify('bob', 'hi', '#den', () => {});
        """
    )
    first("app.setDraft('#den', 'mine'); await app.logout()")
    code = """
        app.setDraft('#den', 'half');
        await until(() => state.phase === 'login');
        await new Promise((done) => setTimeout(done, 350));
        return [Object.keys(localStorage), Object.keys(sessionStorage), gone];
    """
    assert second(code) == [["settings"], [], 1]
    assert first("return Object.keys(sessionStorage)") == []


def test_a_browser_that_keeps_nothing_will_do(tabs: Callable[[], Tab]) -> None:
    """Where somebody has all sites' data blocked, each of these throws an error."""
    code = """
        const refuse = {get() { throw new DOMException('blocked', 'SecurityError'); }};
        for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
          Object.defineProperty(window, name, refuse);
        server.says('bob', 'hi');
        await enter();
        await until(() => state.current === '#den');
        app.setDraft('#den', 'half');
        app.say('#den', 'hello');
        await until(() => den().items.at(-1).delivery === 'stored');
        const told = texts();
        await app.logout();
        return [told, state.phase];
    """
    assert tabs()(code) == [["hi", "hello"], "login"]


def test_over_http_nothing_outlives_the_tab(tabs: Callable[..., Tab]) -> None:
    """As under `securechat open`, whose port may be another one's after a kill -9."""
    first = tabs("http://127.0.0.1/")
    first(
        """
        await enter({remember: true});
        app.setDraft('#den', 'half a thought');
        await until(() => !den().draftTimer);
        server.silent.add('PRIVMSG');
        app.say('#den', 'on its way');
        app.setDraft('#den', 'half a thought');
        await until(() => !den().draftTimer);
        """
    )
    left = "return [Object.keys(localStorage), await indexedDB.databases()]"
    assert first(left) == [[], []]
    first.reload()
    assert first("await enter(); return [den().draft, texts()]") == [
        "half a thought",
        ["on its way"],
    ]
    code = "await enter(); return [den().draft, texts(), await storage.load('login') ?? null]"
    assert tabs("http://127.0.0.1/")(code) == ["", [], None]


def test_an_invite_leaves_the_address_at_once(tabs: Callable[..., Tab]) -> None:
    """It is there after a reload, as on a phone that needs its memory; not once somebody is in."""
    tab = tabs(f"{ORIGIN}#invite=UqDVDhtE1plxN2pyJtokTA")
    code = "app.start(); await until(() => state.phase === 'login');"
    found = "return [location.href, state.invite];"
    expected = [ORIGIN, "UqDVDhtE1plxN2pyJtokTA"]
    assert tab(code + found) == expected
    tab.reload()
    assert tab(code + found) == expected
    assert tab("await enter(); return sessionStorage.invite ?? null") is None


def test_an_invite_for_who_is_logged_in_says_so(tab: Tab) -> None:
    """And waits for a logout."""
    code = """
        await enter();
        location.hash = '#invite=UqDVDhtE1plxN2pyJtokTA';
        await until(() => state.notices.length);
        const told = [location.hash, state.notices[0].text.includes('you are alice here')];
        await app.logout();
        return [...told, state.invite];
    """
    assert tab(code) == ["", True, "UqDVDhtE1plxN2pyJtokTA"]


def test_a_notification_has_a_text_only_where_that_is_asked_for(tab: Tab) -> None:
    """A locked screen shows it to others."""
    code = """
        const shown = [];
        globalThis.Notification = class {
          static permission = 'granted';
          static requestPermission = async () => 'granted';
          constructor(title, {body}) { shown.push([title, body]); }
        };
        document.hasFocus = () => false;
        await enter();
        await app.setSetting('notify', true);
        server.says('bob', 'alice: psst');
        app.setSetting('preview', true);
        server.says('bob', 'alice: psst');
        return shown;
    """
    assert tab(code) == [["bob, #den", ""], ["bob, #den", "alice: psst"]]


def test_a_logout_switches_notifications_off(tab: Tab) -> None:
    """Others may use this browser next, and have not asked for them; the look of it stays."""
    code = """
        globalThis.Notification = class {
          static permission = 'granted';
          static requestPermission = async () => 'granted';
        };
        await enter();
        for (const name of ['notify', 'preview']) await app.setSetting(name, true);
        await app.setSetting('theme', 'dark');
        await app.logout();
        await pause();
        const {notify, preview, theme} = JSON.parse(localStorage.settings);
        return [notify, preview, theme];
    """
    assert tab(code) == [False, False, "dark"]


def test_to_be_remembered_can_be_asked_for_later(tab: Tab) -> None:
    """The choice stands until a logout."""
    code = """
        await enter();
        const before = state.settings.remember;
        await app.remember('Laptop');
        const kept = (await storage.load('login')).name;
        await app.logout();
        await remembered();
        const chosen = state.settings.remember;
        await app.logout();
        return [before, kept, chosen, state.settings.remember];
    """
    assert tab(code) == [False, "Laptop", True, False]


def test_who_keeps_nothing_is_told_before_it_matters(tab: Tab) -> None:
    """A full browser: while there is a connection nothing is lost by it."""
    code = """
        await enter({remember: false});
        const full = () => { throw new DOMException('full', 'QuotaExceededError'); };
        IDBObjectStore.prototype.put = full;
        app.say('#den', 'one');
        await until(() => !den().unsent);
        const before = state.notices.length;
        server.dies();
        app.say('#den', 'two');
        await until(() => state.notices.length);
        await again();
        await until(() => !den().unsent);
        return [before, state.notices[0].text, texts()];
    """
    told = (
        "Without a connection this text is in this tab only: the browser keeps nothing, or is full."
    )
    assert tab(code) == [0, told, ["one", "two"]]


def test_a_browser_without_locks_still_sends(tabs: Callable[[], Tab]) -> None:
    """As where it refuses them to sites that may keep nothing."""
    code = """
        navigator.locks.request = async () => { throw new DOMException('no', 'SecurityError'); };
        await enter({remember: false});
        server.dies();
        app.say('#den', 'one');
        await again();
        await until(() => !den().unsent && state.current === '#den');
        return texts();
    """
    assert tabs()(code) == ["one"]


def test_what_was_missed_comes_once_and_what_was_typed_arrives(tab: Tab) -> None:
    """The server dies, much is said, and we come back."""
    code = """
        server.says('bob', 'zero');
        await enter({remember: false});
        server.says('bob', 'one');
        server.dies();
        await until(() => state.phase === 'offline');
        app.say('#den', 'typed meanwhile');
        const pending = den().items.at(-1).delivery;
        for (let n = 0; n < 150; n++) server.stored('bob', `missed ${n}`);
        await again();
        await until(() => !den().unsent && texts().at(-1) === 'typed meanwhile');
        const found = texts();
        return [pending, found.length, new Set(found).size, found.slice(0, 3), found.at(-1),
          server.log.filter(({line}) => line.endsWith('typed meanwhile')).length];
    """
    expected = ["pending", 153, 153, ["zero", "one", "missed 0"], "typed meanwhile", 1]
    assert tab(code) == expected


def test_a_message_whose_echo_was_lost_is_stored_once(tab: Tab) -> None:
    code = """
        await enter({remember: false});
        const privmsg = server.PRIVMSG;
        server.PRIVMSG = (socket, [, text], label, tags) => {
          server.stored('alice', text, tags);
          server.dies();
        };
        app.say('#den', 'once');
        await until(() => state.phase === 'offline');
        server.PRIVMSG = privmsg;
        await again();
        await until(() => !den().unsent);
        const sent = server.heard.filter((line) => /PRIVMSG #den once/.test(line));
        return [texts(), server.log.length, sent.length];
    """
    assert tab(code) == [["once"], 1, 2]


def test_what_a_closed_tab_had_not_sent_another_one_sends(tabs: Callable[[], Tab]) -> None:
    """Also when the browser was closed as a whole, so that the first is gone."""
    first = """
        await remembered();
        server.dies();
        app.say('#den', 'left behind');
        while (!(await storage.kept()).length) await pause();
    """
    tab = tabs()
    tab(first)
    tab.close()
    code = """
        server.tokens.sct1_d = 'alice';
        app.start();
        await until(() => server.log.length);
        return server.log[0].line;
    """
    assert tabs()(code) == ":alice!u@s PRIVMSG #den :left behind"


def test_a_page_without_a_server_shows_what_was_typed(tabs: Callable[[], Tab]) -> None:
    """Its rooms, with what isn't sent and with no word of others; until it turns out who may log in
    no more.
    """
    first = """
        await remembered();
        server.says('bob', 'hi');
        app.talk('bob');
        app.open('#den');
        server.dies();
        app.say('#den', 'one');
        app.say('#den', 'two');
        while ((await storage.kept()).length < 2) await pause();
    """
    tab = tabs()
    tab(first)
    tab.close()
    code = """
        server.up = false;
        app.start();
        await until(() => state.phase === 'offline' && den()?.unsent === 2);
        const shown = den().items.map(({text, delivery}) => [text, delivery]);
        app.say('#den', 'three');
        server.up = true;
        const before = [[...state.conversations.keys()], state.me.account, shown];
        app.reconnect();
        await until(() => state.phase === 'login');
        return [...before, state.conversations.size, (await storage.kept()).length];
    """
    shown = [["one", "pending"], ["two", "pending"]]
    assert tabs()(code) == [["#den", "bob"], "alice", shown, 0, 3]


def test_what_is_stored_is_not_taken_up_again(tab: Tab) -> None:
    """When the connection is lost before it is out of what the browser keeps."""
    code = """
        await enter({remember: false});
        const remove = IDBObjectStore.prototype.delete;
        IDBObjectStore.prototype.delete = function () { return this.count(); };
        app.say('#den', 'once');
        await until(() => den().items.at(-1)?.delivery === 'stored');
        server.dies();
        await until(() => state.phase === 'offline');
        await again();
        await until(() => state.current === '#den');
        IDBObjectStore.prototype.delete = remove;
        const sent = server.heard.filter((line) => /PRIVMSG/.test(line)).length;
        return [texts(), den().unsent, sent];
    """
    assert tab(code) == [["once"], 0, 1]


def test_a_refused_message_says_why(tab: Tab) -> None:
    code = """
        await enter({remember: false});
        server.refuses.PRIVMSG = 'NO_VOICE #den :The room is moderated';
        app.say('#den', 'may I?');
        await until(() => den().items.at(-1)?.delivery === 'refused');
        return den().items.at(-1).reason;
    """
    assert tab(code) == "The room is moderated"


def test_what_is_for_one_person_is_not_said_in_the_room(tab: Tab) -> None:
    """Where there can be no conversation with them, as with a name that is too long for one."""
    code = """
        await enter({remember: false});
        app.open('#den');
        const {run} = await import('/views/commands.js');
        const refused = await run(den(), `/msg ${'x'.repeat(101)} psst`).catch(({code}) => code);
        return [refused, texts()];
    """
    assert tab(code) == ["401", []]


def test_reading_is_told_at_most_once_a_second(tab: Tab) -> None:
    code = """
        await enter({remember: false});
        for (let n = 0; n < 50; n++) { server.says('bob', `${n}`); app.markRead('#den'); }
        const unread = den().unread;
        await until(() => server.heard.some((line) => /MARKREAD #den timestamp/.test(line)));
        return [unread, server.heard.filter((line) => /MARKREAD #den timestamp/.test(line)).length];
    """
    assert tab(code) == [0, 1]


def test_a_server_that_only_stays_silent_is_told_of_at_once(tab: Tab) -> None:
    """Although the next attempt is on its way when it turns out that nothing answers."""
    code = """
        server.up = false;
        Math.random = () => 0;
        const {WebSocket} = globalThis;
        let tried = 0;
        let refuse;
        globalThis.fetch = () => new Promise((_, refused) => (refuse = refused));
        globalThis.WebSocket = function () { return tried++ ? {close() {}} : new WebSocket(); };
        app.login({account: 'alice', password: 'otter'});
        await until(() => tried === 2);
        refuse();
        await pause();
        return state.problem?.code;
    """
    assert tab(code) == "GONE"


def test_where_only_the_connection_is_blocked_the_page_says_so(tab: Tab) -> None:
    code = """
        server.up = false;
        app.login({account: 'alice', password: 'otter'});
        await until(() => state.problem);
        return [state.problem.code, state.phase];
    """
    assert tab(code) == ["NO_SOCKET", "connecting"]


SEARCHED = """
    await enter();
    const line = (id, from, to, text) =>
      `@msgid=${id};time=2026-01-01T00:00:0${id}.000Z;batch=q :${from}!u@s PRIVMSG ${to} :${text}`;
    let asked;
    server.SEARCH = (socket, [what], label) => {
      asked = what;
      socket.says(`${label}:s BATCH +q soju.im/search`, line(1, 'bob', '#den', 'alice?'),
        line(2, 'alice', '#den', 'alice!'), line(3, 'bob', '#den', 'malice'), ':s BATCH -q');
    };
"""


def test_what_was_said_to_us_is_told_with_what_was_said_to_us_alone(tab: Tab) -> None:
    """Nothing of our own, nor what only has our name within another word."""
    found = tab(
        SEARCHED
        + """
        server.sockets[0].says(line(4, 'bob', 'alice', 'psst').replace(';batch=q', ''));
        await until(() => state.conversations.get('bob')?.items.length);
        const {hits} = await app.mentions();
        const further = await app.mentions('2026-01-01T00:00:00.000Z');
        const told = ({hits}) => hits.map(({id, name, text}) => [id, name, text]);
        return [told({hits}), told(further), asked];
        """
    )
    assert found == [
        [["4", "bob", "psst"], ["1", "#den", "alice?"]],
        [["1", "#den", "alice?"]],
        "text=alice;before=2026-01-01T00:00:00.000Z;limit=50",
    ]


@pytest.mark.parametrize(
    ("at", "until"), [("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"), ("x", "")]
)
def test_how_far_a_search_has_looked_is_told_with_what_it_found(
    tab: Tab, at: str, until: str
) -> None:
    """And nowhere else; what is no time is a server's fault."""
    found = tab(
        SEARCHED
        + """
        server.SEARCH = (socket, [what], label) => socket.says(
            `${label}:s BATCH +l labeled-response`, '@batch=l :s BATCH +q soju.im/search',
            line(1, 'bob', '#den', 'alice?'), '@batch=l :s BATCH -q',
            `@batch=l :s WARN SEARCH INCOMPLETE MOMENT :Only so far`, ':s BATCH -l');
        const {hits, until: time} = await app.search({text: 'alice'});
        return [hits.length, time, state.notices.length];
        """.replace("MOMENT", at)
    )
    assert found == [1, until, 0]


def test_a_search_asks_for_what_narrows_it(tab: Tab) -> None:
    """Of what came after a time the oldest is told first, as the server gives it."""
    found = tab(
        SEARCHED
        + """
        const ids = async (wanted) => (await app.search(wanted)).hits.map(({id}) => id).join('');
        const newest = await ids({text: 'a b', in: '', from: 'bob'});
        return [newest, asked, await ids({text: '', after: 'T'}), asked];
        """
    )
    narrowed = "text=a\\sb;from=bob;limit=50"
    assert found == ["321", narrowed, "123", "after=T;limit=50"]
