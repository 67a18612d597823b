"""An administrator moderates channels: what members' commands do, at the word of who runs the
server. People see it as the server's.
"""

from __future__ import annotations

from securechat.core import quota
from securechat.core.administration.requests import Refused, Request, request
from securechat.core.channels import acts, channels, modes, permissions
from securechat.core.channels.actors import Actor
from securechat.core.channels.acts import NameRefusedError
from securechat.core.model.entities import Account, Channel
from securechat.core.model.mask_list import ACCOUNT_MASK
from securechat.core.model.membership import FOUNDER_MODES, MEMBER_MODES
from securechat.core.presence.welcome import MAX_MODES
from securechat.core.text import TEXT_BYTES, kick_bytes, shorten, topic_bytes
from securechat.core.turn import IrcError, Turn
from securechat.irc import names
from securechat.irc.names import InvalidName

MOST_AT_ONCE = 20
"""People who are put into a channel by one request: all who are there are told of each, which takes
some 70 ms where these are five hundred.
"""

BY_THE_ADMINISTRATOR = "by the administrator"
"""The reason where none is given."""

KEY = "channel key"
"""What a key is sealed for on its way here: the request stands in the database meanwhile."""

ROLES = {"owner": FOUNDER_MODES, "operator": "o", "voice": "v", "member": ""}
"""The modes of a member."""


@request("channel present")
def present(turn: Turn, asked: Request) -> list[str]:
    """Who of the channel is online."""
    return [account.name for account in _channel(turn, asked).present]


@request("channel create")
def create(turn: Turn, asked: Request) -> str:
    """With an owner, who is in it, and what else is asked for. Its name."""
    quota.check_room(turn, "CREATE")
    facts = asked.facts
    try:
        wanted = names.channel_name(facts["channel"])
    except InvalidName as error:
        raise Refused(str(error)) from None
    alike = turn.model.channel_skeletons.get(wanted.skeleton)
    if there := turn.model.channels.get(wanted.folded) or alike:
        raise Refused(f"there is {there.name} already, and the two could be mixed up")
    owner = _account(turn, facts["owner"])
    _check_place(turn, owner)
    channel = channels.create(turn, wanted, owner)
    turn.audit_own("channel created", actor=asked.by, channel=channel.name, owner=owner.name)
    acts.join(turn, channel, owner, FOUNDER_MODES)
    actor = Actor(turn, None, asked.by)
    if facts["topic"]:
        _set_topic(actor, channel, facts["topic"])
    if facts["modes"]:
        _change(actor, channel, facts["modes"], [])
    return channel.name


@request("channel add")
def add(turn: Turn, asked: Request) -> list[str]:
    """Make people members. Those of them who were none."""
    quota.check_room(turn, "ADD")
    channel, wanted = _channel(turn, asked), asked.facts["names"]
    if len(wanted) > MOST_AT_ONCE:
        raise Refused(f"at most {MOST_AT_ONCE} people at once")
    added = []
    for account in [_account(turn, name) for name in wanted]:
        if account in channel.members:
            continue
        _check_place(turn, account)
        acts.join(turn, channel, account, "")
        added.append(account.name)
        facts = {"channel": channel.name, "of": account.name}
        turn.audit_own("member added", actor=asked.by, **facts)
    return added


@request("channel rename")
def rename(turn: Turn, asked: Request) -> str:
    """The name that it has now."""
    quota.check_room(turn, "RENAME")
    channel = _channel(turn, asked)
    try:
        wanted = acts.new_name(turn, channel, asked.facts["to"])
    except NameRefusedError as refused:
        raise Refused(str(refused)) from None
    # Whose client knows of no renaming reads it as why a channel was left.
    why = shorten(asked.facts["reason"] or f"it is {wanted.display} now", TEXT_BYTES)
    acts.rename(Actor(turn, None, asked.by), channel, wanted, why)
    return channel.name


@request("channel drop")
def drop(turn: Turn, asked: Request) -> int:
    """End it for all. How many were in it."""
    channel = _channel(turn, asked)
    if channel is channels.lobby_of(turn):
        raise Refused(
            "it is the lobby, which everybody is in: name another one, or none, as `lobby` in "
            "[server] of the configuration first"
        )
    number = len(channel.members)
    reason = _reason(asked, kick_bytes(turn.settings.name))
    acts.drop(Actor(turn, None, asked.by), channel, reason)
    return number


@request("channel topic")
def topic(turn: Turn, asked: Request) -> None:
    """Set it; '' takes it away."""
    quota.check_room(turn, "TOPIC")
    _set_topic(Actor(turn, None, asked.by), _channel(turn, asked), asked.facts["topic"])


def _set_topic(actor: Actor, channel: Channel, text: str) -> None:
    most, size = topic_bytes(actor.turn.settings.name), len(text.encode())
    if size > most:
        raise Refused(f"a topic has at most {most} bytes of UTF-8, and this one {size}")
    acts.set_topic(actor, channel, text)


@request("channel mode")
def mode(turn: Turn, asked: Request) -> str:
    """Change its modes. key: of +k, sealed; None without. The flags that are set now."""
    quota.check_room(turn, "MODE")
    channel, facts = _channel(turn, asked), asked.facts
    letters, params = facts["modes"], list(facts["params"])
    if facts["key"] is not None:
        key = turn.vault.unseal(facts["key"], KEY).decode()
        params.insert(_place_of_key(letters), key)
    _change(Actor(turn, None, asked.by), channel, letters, params)
    flags = channel.modes + "k" * (channel.key is not None) + "l" * (channel.limit is not None)
    return f"+{flags}"


def _place_of_key(letters: str) -> int:
    """Before which parameter a key stands."""
    sign, place = "+", 0
    for letter in letters:
        if letter in "+-":
            sign = letter
        elif (sign, letter) == ("+", "k"):
            return place
        else:
            place += letter in modes.WITH_PARAMETER and (sign, letter) != ("-", "l")
    raise Refused("a key came, but +k is not among the modes")


def _change(actor: Actor, channel: Channel, letters: str, params: list[str]) -> None:
    """All of them or none."""
    number = sum(letter in modes.WITH_PARAMETER for letter in letters)
    if len(letters) > modes.MAX_LETTERS or number > MAX_MODES:
        raise Refused(
            f"at most {modes.MAX_LETTERS} letters at once, {MAX_MODES} of them with a word"
        )
    wrong: list[IrcError] = []
    modes.change_modes(actor, channel, letters, params, wrong.append)
    if wrong:
        raise wrong[0]


@request("channel role")
def role(turn: Turn, asked: Request) -> bool:
    """Make a member an owner, operator, voiced or plain. Whether that changed anything."""
    channel, wanted = _channel(turn, asked), ROLES[asked.facts["role"]]
    member = _member(turn, channel, asked.facts["name"])
    had = channel.modes_of(member)
    # First what is given, so that a channel is never without an owner between the two.
    letters = [f"+{one}" for one in MEMBER_MODES if one in wanted and one not in had]
    letters += [f"-{one}" for one in MEMBER_MODES if one in had and one not in wanted]
    _change(Actor(turn, None, asked.by), channel, "".join(letters), [member.name] * len(letters))
    return bool(letters)


@request("channel kick")
def kick(turn: Turn, asked: Request) -> str:
    """Put a member out. Their name."""
    channel = _channel(turn, asked)
    member = _member(turn, channel, asked.facts["name"])
    reason = _reason(asked, kick_bytes(turn.settings.name))
    acts.kick(Actor(turn, None, asked.by), channel, member, reason)
    return member.name


@request("channel ban")
def ban(turn: Turn, asked: Request) -> dict[str, object]:
    """Keep somebody out, and put those out who are in, where `kick` asks for it. The mask that is
    in the list, and who was put out.
    """
    quota.check_room(turn, "MODE")
    channel, actor = _channel(turn, asked), Actor(turn, None, asked.by)
    mask = _mask(turn, asked.facts["who"])
    _change(actor, channel, "+b", [mask])
    out = []
    if asked.facts["kick"]:
        reason = _reason(asked, kick_bytes(turn.settings.name))
        out = [one for one in channel.members if permissions.banned(turn, channel, one)]
        for member in out:
            acts.kick(actor, channel, member, reason)
    return {"mask": mask, "out": [member.name for member in out]}


@request("channel unban")
def unban(turn: Turn, asked: Request) -> str:
    """Take a mask off the list. The mask."""
    quota.check_room(turn, "MODE")
    channel = _channel(turn, asked)
    mask = _mask(turn, asked.facts["who"])
    if not channel.bans.equal_to(mask):
        there = ", ".join(channel.bans) or "nobody"
        raise Refused(f"{mask} is not banned from {channel.name}; banned is {there}")
    _change(Actor(turn, None, asked.by), channel, "-b", [mask])
    return mask


def _mask(turn: Turn, who: str) -> str:
    """Of an account by its name; anything that no account can be called is a mask already."""
    if names.fold_account(who) is None:
        return who
    return ACCOUNT_MASK + _account(turn, who).name


def _channel(turn: Turn, asked: Request) -> Channel:
    channel = turn.model.channel_named(asked.facts["channel"])
    if channel is None:
        raise Refused("there is no such channel any more; `channel list` shows those there are")
    return channel


def _account(turn: Turn, name: str) -> Account:
    account = turn.model.account_named(name)
    if account is None or account.deleted:
        raise Refused(f"there is no account {name!r}; `user list` shows them")
    return account


def _member(turn: Turn, channel: Channel, name: str) -> Account:
    account = _account(turn, name)
    if account not in channel.members:
        raise Refused(
            f"{account.name} is not a member of {channel.name}: `channel show` lists those who "
            "are, `channel add` makes somebody one"
        )
    return account


def _check_place(turn: Turn, account: Account) -> None:
    most = turn.settings.max_channels
    if len(account.channels) >= most:
        raise Refused(
            f"{account.name} is in {most} channels already, as many as an account may be in"
        )


def _reason(asked: Request, most: int) -> str:
    return shorten(asked.facts["reason"] or BY_THE_ADMINISTRATOR, most)
