"""What a session is told first: 001 to 005, LUSERS, MOTD. Hub thread only.

https://modern.ircdocs.horse/#rplwelcome-001, https://modern.ircdocs.horse/#rplisupport-005
"""

from __future__ import annotations

from securechat.core import metadata
from securechat.core.channels import channels
from securechat.core.delivery.batches import send_batch
from securechat.core.history.queries import MOST_ENTRIES
from securechat.core.model.entities import Session
from securechat.core.model.mask_list import KINDS
from securechat.core.model.membership import PREFIXES
from securechat.core.model.states import State
from securechat.core.presence.monitors import MAX_MONITORED
from securechat.core.settings import Settings
from securechat.core.text import REAL_NAME_BYTES, TEXT_BYTES, fill, kick_bytes, topic_bytes, when
from securechat.core.turn import Turn
from securechat.irc.capabilities import BATCH, CHGHOST, EXTENDED_ISUPPORT, WHOAMI
from securechat.irc.names import MAX_ACCOUNT_CHARS, MAX_CHANNEL_CHARS
from securechat.irc.numerics import Numeric

# Sorted, as they are shown; core.channels.modes takes them from here.
CHANNEL_FLAGS = "CHimnst"
CHANNEL_MODES = f"beI,k,l,{CHANNEL_FLAGS}"
WITH_PARAMETER = "beIklqov"
BOT_MODE = "B"
USER_MODES = f"{BOT_MODE}io"
MAX_KEY_BYTES = 32
MAX_TARGETS = 4
# Of one MODE those with a parameter; flags don't count, MAX_LETTERS limits them.
MAX_MODES = 6
MAX_TOKENS = 13
"""Of one 005: with the nick and the text they are the 15 parameters that a message may have."""
ADDRESSES = "securechat/ADDRESSES"
ADDRESSES_BYTES = 300
"""Of the token with its value, which is never cut in two: a line has place for it with the longest
names. Addresses that would make it longer are left out.
"""


def isupport(settings: Settings) -> list[str]:
    """The tokens of 005. Each must be true: clients act on them."""
    return [
        f"NETWORK={settings.network}",
        # What all clients can compare by; how other letters are folded, UTF8MAPPING says.
        "CASEMAPPING=ascii",
        "UTF8MAPPING=rfc8265",
        "UTF8ONLY",
        "CHANTYPES=#",
        "PREFIX=(qov)~@+",
        f"STATUSMSG={''.join(PREFIXES.values())}",
        f"CHANMODES={CHANNEL_MODES}",
        f"MODES={MAX_MODES}",
        f"CHANLIMIT=#:{settings.max_channels}",
        f"MAXLIST={','.join(f'{kind}:{settings.max_bans}' for kind in KINDS)}",
        "EXCEPTS",
        "INVEX",
        "EXTBAN=~,a",
        "ACCOUNTEXTBAN=a",
        f"NICKLEN={MAX_ACCOUNT_CHARS}",
        # With its #, which is no part of what we count.
        f"CHANNELLEN={MAX_CHANNEL_CHARS + 1}",
        f"TOPICLEN={topic_bytes(settings.name)}",
        f"KICKLEN={kick_bytes(settings.name)}",
        f"AWAYLEN={TEXT_BYTES}",
        f"KEYLEN={MAX_KEY_BYTES}",
        f"NAMELEN={REAL_NAME_BYTES}",
        f"TARGMAX=PRIVMSG:{MAX_TARGETS},NOTICE:{MAX_TARGETS},TAGMSG:{MAX_TARGETS},"
        # Nothing behind the colon: as many as a line holds.
        f"PART:{MAX_TARGETS},KICK:{MAX_TARGETS},NAMES:1,WHOIS:1,JOIN:,LIST:",
        "SAFELIST",
        "ELIST=CMNTU",
        "WHOX",
        f"BOT={BOT_MODE}",
        f"MONITOR={MAX_MONITORED}",
        f"CHATHISTORY={MOST_ENTRIES}",
        "MSGREFTYPES=msgid,timestamp",
        "draft/ACCOUNTREQUIRED",
        *_addresses(settings),
    ]


def _addresses(settings: Settings) -> list[str]:
    told = ""
    for address in settings.addresses:
        longer = f"{told},{address}" if told else f"{ADDRESSES}={address}"
        if len(longer.encode()) <= ADDRESSES_BYTES:
            told = longer
    return [told] if told else []


def welcome(turn: Turn, session: Session) -> None:
    """Everything up to the end of the MOTD."""
    settings, account = turn.settings, session.who
    name, version = settings.name, settings.version
    source = account.source(name)
    turn.numeric(session, Numeric.RPL_WELCOME, f"Welcome to {settings.network}, {source}")
    turn.numeric(session, Numeric.RPL_YOURHOST, f"Your host is {name}, running version {version}")
    turn.numeric(
        session, Numeric.RPL_CREATED, f"This server was started {when(settings.started_ms)}"
    )
    modes = "".join(sorted(WITH_PARAMETER + CHANNEL_FLAGS))
    head = f":{name} {Numeric.RPL_MYINFO} {account.name} {name} {version}"
    # Not by numeric(), which would put a colon before the last parameter.
    turn.send(session, f"{head} {USER_MODES} {modes} {WITH_PARAMETER}")
    send_isupport(turn, session)
    if session.has(WHOAMI) and session.has(CHGHOST):
        # https://github.com/ircv3/ircv3-specifications/pull/603: just here, though it is no news.
        turn.send(session, f":{source} SETNAME :{account.real_name}")
    lusers(turn, session)
    metadata.show_own(turn, session)
    motd(turn, session)


def send_isupport(turn: Turn, session: Session) -> None:
    """005, as many as it takes; a batch of them for who knows that.

    https://ircv3.net/specs/extensions/extended-isupport
    """
    tokens = isupport(turn.settings)
    if session.state is not State.READY:
        # Where the nodes are is for members: a stranger has found this one.
        tokens = [token for token in tokens if not token.startswith(f"{ADDRESSES}=")]
    _send_tokens(turn, session, tokens)


def tell_changes(turn: Turn, before: Settings) -> None:
    """The settings have changed: those who were told a token that is not true any more are told
    the new one. A client takes the newest (https://modern.ircdocs.horse/#rplisupport-005).
    """
    old = isupport(before)
    new = [token for token in isupport(turn.settings) if token not in old]
    if new:
        for session in turn.model.here():
            if session.state is State.READY:
                _send_tokens(turn, session, new)


def _send_tokens(turn: Turn, session: Session, tokens: list[str]) -> None:
    server, nick = turn.settings.name, session.shown_nick
    head = f":{server} {Numeric.RPL_ISUPPORT} {nick}"
    texts = [
        f"{head} {text} :are supported by this server"
        for at in range(0, len(tokens), MAX_TOKENS)
        # By number and by bytes: 15 parameters, and 510 bytes with the longest network name.
        for text in fill(tokens[at : at + MAX_TOKENS])
    ]
    if session.has(BATCH) and session.has(EXTENDED_ISUPPORT):
        send_batch(turn, session, "draft/isupport", texts)
    else:
        for text in texts:
            turn.send(session, text)


def lusers(turn: Turn, session: Session) -> None:
    """How many are here (251 to 255, 265, 266)."""
    model = turn.model
    online, most = str(len(model.online)), str(model.most_online)
    hidden = model.hidden_online
    # No search over all connections: anybody may ask for it, as often as lines pass.
    unknown = len(model.sessions) - model.closing - model.arrived

    def tell(numeric: Numeric, *params: str) -> None:
        turn.numeric(session, numeric, *params)

    tell(
        Numeric.RPL_LUSERCLIENT,
        f"There are {len(model.online) - hidden} users and {hidden} invisible on 1 servers",
    )
    tell(Numeric.RPL_LUSEROP, str(model.admins_online), "administrators online")
    tell(Numeric.RPL_LUSERUNKNOWN, str(unknown), "connections not logged in yet")
    tell(
        Numeric.RPL_LUSERCHANNELS,
        str(channels.count_visible(model, session.who)),
        "channels formed",
    )
    tell(Numeric.RPL_LUSERME, f"I have {online} users and 0 servers")
    tell(Numeric.RPL_LOCALUSERS, online, most, f"Current local users {online}, max {most}")
    tell(Numeric.RPL_GLOBALUSERS, online, most, f"Current global users {online}, max {most}")


def motd(turn: Turn, session: Session) -> None:
    """The message of the day, or that there is none."""
    name, lines = turn.settings.name, turn.settings.motd
    if not lines:
        turn.numeric(session, Numeric.ERR_NOMOTD, "There is no message of the day")
        return
    turn.numeric(session, Numeric.RPL_MOTDSTART, f"- {name} Message of the day -")
    for line in lines:
        turn.numeric(session, Numeric.RPL_MOTD, f"- {line}")
    turn.numeric(session, Numeric.RPL_ENDOFMOTD, "End of /MOTD command")
