"""A login, labels and batches, as a dialogue with the server."""

from __future__ import annotations

from typing import Any

from tests.web.page.conftest import Run

DIALOGUE = """
    const told = [];
    const sent = [];
    const on = {};
    for (const name of ['offered', 'ready', 'refused', 'message'])
      on[name] = (...what) => told.push([name, ...what.slice(0, name === 'offered' ? 0 : 1)]);
    const {credential = {account: 'alice', password: 'otter'}} = given;
    const session = new it.Session(credential, (line) => sent.push(line), on);
    const hears = (...lines) => lines.forEach((line) => session.receive(line));
    const enter = () => {
      session.start();
      hears(':s CAP * LS :echo-message sasl=PLAIN draft/multiline=max-bytes=99,max-lines=3 other',
        ':s CAP alice ACK :echo-message sasl', 'AUTHENTICATE +', ':s 903 alice :ok',
        ':s 001 alice :hi', ':s 422 alice :no motd');
      sent.length = told.length = 0;
    };
"""


def dialogue(run: Run, code: str, **given: object) -> Any:
    return run(DIALOGUE + code, "irc/session", given=given)


def test_a_login_asks_for_what_the_page_knows(run: Run) -> None:
    code = """
        session.start();
        hears(':s CAP * LS * :echo-message sasl=PLAIN', ':s CAP * LS :other/thing batch');
        hears(':s CAP alice ACK :echo-message sasl batch', 'AUTHENTICATE +', ':s 903 alice :ok');
        hears(':s 001 Alice :hi', ':s 422 Alice :no motd');
        return {sent, told};
    """
    found = dialogue(run, code)
    assert found["sent"] == [
        *("CAP LS 302", "NICK alice", "USER alice 0 * alice"),
        *("CAP REQ :echo-message sasl batch", "AUTHENTICATE PLAIN"),
        *("AUTHENTICATE AGFsaWNlAG90dGVy", "CAP END"),
    ]
    assert found["told"] == [["offered"], ["ready", "Alice"]]


def test_a_wrong_password_is_refused(run: Run) -> None:
    code = """
        session.start();
        hears(':s CAP * LS :sasl', ':s CAP alice ACK :sasl', 'AUTHENTICATE +');
        hears(':s 904 alice :wrong account or password');
        return told.at(-1);
    """
    assert dialogue(run, code) == [
        "refused",
        {"code": "PASSWORD", "text": "wrong account or password"},
    ]


def test_a_second_factor_is_offered_with_its_key(run: Run) -> None:
    code = """
        session.start();
        hears(':s CAP * LS :sasl', ':s CAP alice ACK :sasl', 'AUTHENTICATE +');
        hears(':s NOTE TOTP SECRET ABC otpauth://x :Give this to your authenticator');
        hears(':s FAIL AUTHENTICATE SECOND_FACTOR_REQUIRED :This server asks for one');
        return told.at(-1)[1];
    """
    found = dialogue(run, code)
    assert (found["code"], found["secret"]) == ("SECOND_FACTOR_REQUIRED", "ABC")


def test_an_invite_makes_the_account(run: Run) -> None:
    code = """
        session.start();
        hears(':s CAP * LS :sasl draft/account-registration');
        hears(':s CAP alice ACK :sasl draft/account-registration');
        return sent.at(-1);
    """
    credential = {"account": "alice", "password": "four otters", "invite": "abcdefgh"}
    assert dialogue(run, code, credential=credential) == "REGISTER * abcdefgh :four otters"


def test_an_answer_is_known_by_its_label(run: Run) -> None:
    code = """
        enter();
        const asked = session.request('LIST');
        hears(':x!x@s PRIVMSG alice :between', '@label=1 :s BATCH +a labeled-response',
          '@batch=a :s 322 alice #den 2 :', '@batch=a :s 323 alice :End', ':s BATCH -a');
        return [sent, (await asked).map(({command}) => command), told.length];
    """
    assert dialogue(run, code) == [["@label=1 LIST"], ["322", "323"], 3]


def test_a_refusal_rejects_and_is_told_once(run: Run) -> None:
    code = """
        enter();
        const asked = session.request('JOIN', '#den').catch((problem) => problem);
        hears('@label=1 :s 474 alice #den :You are banned');
        return [await asked, told];
    """
    assert dialogue(run, code) == [{"code": "474", "text": "You are banned"}, []]


def test_what_waits_is_refused_when_the_connection_is_lost(run: Run) -> None:
    code = """
        enter();
        const asked = session.request('LIST').catch(({code}) => code);
        session.lost();
        return [await asked, await session.request('LIST').catch(({code}) => code)];
    """
    assert dialogue(run, code) == ["LOST", "OFFLINE"]


def test_history_changes_nothing_now(run: Run) -> None:
    """What is in its batch is for who has asked, and nobody else."""
    code = """
        enter();
        const asked = session.request('CHATHISTORY', 'LATEST', '#den', '*', 5);
        hears('@label=1 :s BATCH +a labeled-response', '@batch=a :s BATCH +h chathistory #den',
          '@batch=h :bob!b@s PART #den', '@batch=h :s BATCH +m draft/multiline #den',
          '@batch=m :bob!b@s PRIVMSG #den :one', '@batch=m :bob!b@s PRIVMSG #den :two',
          '@batch=m;draft/multiline-concat :bob!b@s PRIVMSG #den : more', '@batch=h :s BATCH -m',
          '@batch=a :s BATCH -h', ':s BATCH -a');
        const [{messages}] = await asked;
        return [messages.map(({params}) => params.at(-1)), told];
    """
    assert dialogue(run, code) == [["#den", "one\ntwo more"], []]


def test_a_long_message_is_one_batch(run: Run) -> None:
    code = """
        enter();
        session.say('#den', 'short', {label: '7'});
        session.say('#den', 'one\\ntwo ' + 'x'.repeat(500), {label: '8'});
        return sent.map((line) => line.slice(0, 60));
    """
    sent = dialogue(run, code)
    assert sent[:3] == [
        "@label=7 PRIVMSG #den short",
        "@label=8 BATCH +m draft/multiline #den",
        "@batch=m PRIVMSG #den one",
    ]
    assert sent[3].startswith("@batch=m PRIVMSG #den :two xxx")
    assert sent[4].startswith("@batch=m;draft/multiline-concat PRIVMSG #den xxx")
    assert sent[-1] == "BATCH -m"


def test_a_hostile_server_fills_no_memory(run: Run) -> None:
    """Batches that never end, and lines in them without end."""
    code = """
        enter();
        for (let n = 0; n < 3000; n++) hears(`:s BATCH +b${n} x`, `@batch=b${n} :s NOTE a b :c`);
        hears(':s BATCH +x chathistory #den');
        for (let n = 0; n < 5000; n++) hears('@batch=x :s NOTE a b :c');
        hears('BATCH', 'BATCH -', ':s BATCH +', '@batch=x BATCH -x', ':s BATCH -x', 'CAP', 'NOTE');
        const sizes = [...session.batches.values()].map(({messages}) => messages.length);
        return [session.batches.size, Math.max(0, ...sizes)];
    """
    batches, messages = dialogue(run, code)
    assert batches <= 50
    assert messages <= 2000
