"""The server's rules: a script of what some connections, the store, the workers, the clock and the
administrator do. Whatever it says, only lines fit for the wire come out, and all tables agree.

Each line of a script is a step; its first letter says whose:

    0 to 9       a connection says the rest: 0 to 4 are members, the others come unauthenticated
    c3           connection 3 is lost
    t60          so many seconds pass
    F, R, D5     the store: is full, or not any more; refuses the next account; target 5 is damaged
    B, W, X, M   the workers: are busy, or not; do a job, fail at one, find a damaged log
    Adelete bob  the administrator: delete, disable, enable, admin, user, password, invites, tokens,
                 certificates,
                 factor, sessions, logout or rename
    {, }         what stands between is one turn

In what is said $TOKEN, $CODE, $RECOVERY and $SESSION stand for what the server has given to the
connection's account.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from securechat.core.commands.registry import COMMANDS
from securechat.core.jobs import JobFailed
from securechat.core.turn import Turn
from tests.fuzz.fuzzed_rules import FuzzedRules
from tests.fuzz.invariants import check_model
from tests.fuzz.target import Target
from tests.support.rules import RIGHT

MAX_STEPS = 400
MAX_SECONDS = 5000


class Loud(logging.Handler):
    """Makes a fault of what the rules take for a bug, and survive."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            cause = record.exc_info[1] if record.exc_info else None
            raise AssertionError(record.getMessage()) from cause


@contextmanager
def loudly() -> Iterator[None]:
    """For the time of a block the rules' errors are ours."""
    logger, handler = logging.getLogger("securechat.core"), Loud()
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = True


def session(data: bytes) -> None:
    """Play a script, and look at everything after each turn."""
    with loudly():
        fuzzed = FuzzedRules()
        for steps in _turns(data.split(b"\n")[:MAX_STEPS]):
            with fuzzed.turn() as turn:
                for step in steps:
                    _play(fuzzed, turn, step)
            check_model(fuzzed)
        fuzzed.full, fuzzed.busy = False, False
        fuzzed.work()
        fuzzed.passes(1)
        check_model(fuzzed, thoroughly=True)


def _turns(steps: list[bytes]) -> Iterator[list[bytes]]:
    """Each step alone, or several in braces; in the hub's order, which looks at the clock and at
    the administrator's changes before anything else.
    """
    together: list[bytes] | None = None
    for step in steps:
        if step == b"{":
            together = together or []
        elif step == b"}":
            yield sorted(together or [], key=_rank)
            together = None
        elif together is not None:
            together.append(step)
        else:
            yield [step]
    yield sorted(together or [], key=_rank)


def _rank(step: bytes) -> int:
    return {b"t": 0, b"A": 1}.get(step[:1], 2)


def _play(fuzzed: FuzzedRules, turn: Turn, step: bytes) -> None:
    letter, rest = step[:1], step[1:]
    if letter.isdigit():
        person = fuzzed.speaker(int(letter))
        fuzzed.rules.line(turn, person.session, fuzzed.filled_in(person, rest))
    elif letter == b"c":
        person = fuzzed.speaker(_number(rest, 9))
        fuzzed.rules.closed(turn, person.session, "Connection lost")
    elif letter == b"t":
        fuzzed.goes_on(turn, _number(rest, MAX_SECONDS))
    elif letter == b"D":
        fuzzed.damaged.add(_number(rest, 20))
    elif letter == b"A":
        verb, _, name = rest.decode("utf-8", "replace").partition(" ")
        fuzzed.administers(turn, verb, name)
    elif letter in (b"W", b"X") and fuzzed.jobs:
        job = fuzzed.jobs.pop(0)
        fuzzed.answer(JobFailed(job.session) if letter == b"X" else fuzzed.do(job))
    else:
        _switch(fuzzed, letter)


def _switch(fuzzed: FuzzedRules, letter: bytes) -> None:
    if letter == b"F":
        fuzzed.full = not fuzzed.full
    elif letter == b"B":
        fuzzed.busy = not fuzzed.busy
    elif letter == b"R":
        fuzzed.name_is_taken = True
    elif letter == b"M":
        fuzzed.bad_log = not fuzzed.bad_log


def _number(text: bytes, limit: int) -> int:
    return min(int(text), limit) if text.isdigit() and len(text) < 8 else 0


def _words() -> tuple[bytes, ...]:
    """Steps to begin with: every command as its help shows it, and such as go deep."""
    shown = [f"0{name} {command.usage}" for name, command in COMMANDS.items()]
    return tuple(line.encode() for line in [*shown, *_DEEP])


_DEEP = (
    "0PRIVMSG #a :hi", "1PRIVMSG #b,alice,#a :hi", "2NOTICE bob :x", "0PRIVMSG dave :x",
    "2@+react=x TAGMSG #a", "2@+typing=active TAGMSG bob", "3PRIVMSG nobody :x",
    "0JOIN #c key", "1JOIN #a,#b,#c,#d", "1PART #a :bye", "0KICK #a bob,carol :out",
    "0INVITE dave #a", "0TOPIC #a :tea", "1TOPIC #a", "0MODE #a +ikl key 3", "0MODE #a -ikl key",
    "0MODE #a +qov bob carol alice", "0MODE #a +b *!*@*", "0MODE #a -b *!*@*", "0MODE #a b",
    "0MODE alice +i", "0MODE alice +B-i", "0AWAY :out", "0AWAY *",
    "5CAP REQ :draft/pre-away invite-notify", "5AWAY *",
    "0AWAY", "0SETNAME :A A", "1WHOIS alice",
    "1MONITOR + bob,dave,zed", "1MONITOR - bob", "1MONITOR C", "1MONITOR L", "1MONITOR S",
    "1CAP REQ :extended-monitor away-notify setname", "1WHO #a o%tcuihsnfdlaor,7",
    "1WHO #a", "1WHO *", "1NAMES #a",
    "1LIST", "1LUSERS", "1WHOWAS dave", "1ISON alice bob", "0CAP LS 302", "0CAP REQ :echo-message",
    "0CAP REQ :-echo-message away-notify", "0CAP REQ :znc.in/self-message",
    "0CAP REQ :securechat/key", "0@securechat/key=1 PRIVMSG #a :hi",
    "0@securechat/key=2;+react=x TAGMSG bob", "0@securechat/key=1 PRIVMSG #a,bob :hi",
    "0CAP REQ :securechat/administration", "Aadmin alice", "0ADMINISTER kept",
    '0ADMINISTER sessions {"name":"bob"}', '0ADMINISTER channel create {"channel":"#e"}',
    '0ADMINISTER channel ban :{"channel": "#a", "who": "bob", "kick": true}',
    '0ADMINISTER channel drop {"channel":"#a"}', '0ADMINISTER logout {"name":"bob"}',
    "0QUIT :bye", "0PONG :delivered-9", "1PING x", "1NICK bob", "1NICK BOB",
    "5NICK dave", "5USER d 0 * :Dave", f"5PASS dave:{RIGHT}", "5PASS dave:wrong",
    f"5PASS dave@phone:{RIGHT}", f"5PASS alice@a@b:{RIGHT}", "5PONG :delivered-9", "5CAP END",
    "5AUTHENTICATE PLAIN", "5AUTHENTICATE AGRhdmUAcmlnaHQ=", "5AUTHENTICATE *",
    "6NICK zed", "6USER z 0 * :Zed", "6REGISTER * * :a fine password", "6REGISTER * welcome-code x",
    "0TOKEN CREATE laptop", "0TOKEN LIST", "0TOKEN REVOKE laptop", "0TOKEN CREATE laptop BIND",
    "0SESSIONS LIST",     "0SESSIONS END $SESSION", "4SESSIONS END others", "7PASS alice:$TOKEN",
    "7NICK alice", "7USER a 0 * :A", "0TOTP ENROLL", "0TOTP CONFIRM $CODE", "0TOTP REMOVE $CODE",
    "0TOTP RECOVERY $RECOVERY", f"8PASS alice:{RIGHT}$CODE", "8NICK alice", "8USER a 0 * :A",
    "0PASSWD :another fine password", "0PASSWD weak",
    f"9PASS dave:{RIGHT}", "9CERT ADD work", "9CERT LIST", "9CERT DEL laptop", "9CERT DEL work",
    "9AUTHENTICATE EXTERNAL", "9AUTHENTICATE +", "9NICK dave", "9USER d 0 * :D", "0MOTD",
    "c0", "c5", "t1", "t70", "t700", "F", "R", "D1", "D3", "B", "W", "X", "M", "{", "}",
    "Adelete bob", "Adisable bob", "Aenable bob", "Aadmin bob", "Auser boss", "Apassword alice",
    "Ainvites alice", "Atokens alice", "Acertificates dave", "Asessions alice", "Alogout alice",
    "Afactor alice", "Arename alice", "Arename ecila",
)  # fmt: skip

SESSION = Target("session", session, _words(), by_lines=True, max_bytes=4096, weight=10)
