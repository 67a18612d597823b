"""An administrator keeps address blocks out. Who is there must not come in again by another
account, as somebody can who is only logged out.
"""

from __future__ import annotations

from securechat.core.administration.requests import Refused, Request, request
from securechat.core.journal.events.facts import FactKept
from securechat.core.model.address_bans import (
    KEY,
    MOST,
    AddressBan,
    AddressBans,
    address_bans,
    block_of,
    covers_loopback,
    is_wide,
)
from securechat.core.model.entities import Session
from securechat.core.presence import online
from securechat.core.text import TEXT_BYTES, iso, shorten
from securechat.core.turn import Turn


@request("addresses banned")
def banned(turn: Turn, asked: Request) -> list[AddressBan]:
    """Those that hold now."""
    return [ban for ban in _bans(turn).values() if ban.holds(turn.now_ms)]


@request("address look")
def look(turn: Turn, asked: Request) -> dict[str, object]:
    """What a ban of a block would end. The block as it is written, and of each account that is
    online from there its name and whether it administers the server.
    """
    network = _block(asked)
    accounts = {session.account for session in _from(turn, network) if session.account}
    found = sorted((account.name, account.admin) for account in accounts)
    return {"network": network, "online": found}


@request("address ban")
def ban(turn: Turn, asked: Request) -> dict[str, object]:
    """Keep a block out, for so many `seconds`, None for ever; in the place of an earlier ban of the
    same block. What is connected from there ends.
    """
    network, facts = _block(asked), asked.facts
    if covers_loopback(network) and not facts["force"]:
        raise Refused(
            f"{network} has this machine's own address in it, and a server behind a tunnel or a "
            "proxy on this machine would hear nobody any more; --force does it nevertheless"
        )
    if is_wide(network) and not facts["force"]:
        raise Refused(f"{network} is a large part of the internet; --force bans it nevertheless")
    bans = {key: one for key, one in _bans(turn).items() if one.holds(turn.now_ms)}
    if network not in bans and len(bans) >= MOST:
        raise Refused(f"there are {MOST} bans already, as many as there may be; `user unban` one")
    seconds = facts["seconds"]
    until_ms = turn.now_ms + seconds * 1000 if seconds else 0
    reason = shorten(facts["reason"], TEXT_BYTES)
    bans[network] = AddressBan(network, until_ms, reason, asked.by, turn.now_ms)
    _keep(turn, bans)
    until = iso(until_ms) if until_ms else "for ever"
    audited = {"network": network, "until": until, "reason": reason}
    turn.audit_own("address banned", actor=asked.by, **audited)
    ended = _from(turn, network)
    online.end_all(turn, ended, told(bans[network]))
    return {"network": network, "until_ms": until_ms, "ended": len(ended)}


@request("address unban")
def unban(turn: Turn, asked: Request) -> str:
    """Let a block connect again. The block."""
    network, bans = _block(asked), _bans(turn)
    if network not in bans:
        wider = address_bans(turn.model.kept.get(KEY)).find(network.partition("/")[0], turn.now_ms)
        hint = f"; {wider.network}, which it is in, is" if wider is not None else ""
        raise Refused(f"{network} is not banned{hint}; `user bans` shows what is")
    _keep(turn, {key: one for key, one in bans.items() if key != network})
    turn.audit_own("address unbanned", actor=asked.by, network=network)
    return network


def told(ban: AddressBan) -> str:
    """The reason for whoever is put out."""
    return f"Your address is banned from this server: {ban.reason}".removesuffix(": ")


def _bans(turn: Turn) -> dict[str, AddressBan]:
    return address_bans(turn.model.kept.get(KEY)).bans


def _keep(turn: Turn, bans: dict[str, AddressBan]) -> None:
    turn.record(FactKept(KEY, AddressBans(bans.values()).text()))


def _block(asked: Request) -> str:
    text = asked.facts["address"]
    try:
        return block_of(text)
    except ValueError:
        raise Refused(
            f"expected an address or a block, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48, "
            f"and {text!r} came; to keep an account out: `user disable`"
        ) from None


def _from(turn: Turn, network: str) -> list[Session]:
    """All that is connected from a block, logged in or not."""
    block = AddressBans([AddressBan(network, 0, "", "", 0)])
    return [one for one in turn.model.sessions if block.find(one.address, turn.now_ms)]
