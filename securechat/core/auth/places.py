"""A login from a new place, or by a new device, is told to its owner; an administrator's also to
the others who are such.

Told at once to whoever of them is logged in from elsewhere, and to each at the next login from
elsewhere. It is in memory only; a start makes it anew of the audit, which has all of it. Nobody
hears of it before a login. Hub thread only.
"""

from __future__ import annotations

from securechat.core.auth.reauthentication import named
from securechat.core.model.entities import Account, Session
from securechat.core.model.login_places import Place, place_of
from securechat.core.model.states import State
from securechat.core.shared import LoggedInFrom, PlacesTold, TokenBound
from securechat.core.text import when
from securechat.core.turn import Shared, Turn

OWN = (
    "If it wasn't you, change your password by `securechat passwd` or PASSWD: that ends all other "
    "sessions and all tokens"
)
OTHERS = "If that can't be: `securechat-admin user sessions`, `user logout`, `user passwd`"


def arrived(turn: Turn, session: Session, how: str) -> None:
    """Somebody logs in: if it is from a new place that is told. how: by what, as in the audit."""
    account = session.who
    where = place_at(session)
    place = Place(account.id, account.name, where, "" if named(session) else how, turn.now_ms)
    readers = _readers(turn, account)
    made = LoggedInFrom(place, [reader.id for reader in readers])
    if not turn.share(made):
        return
    for reader in readers:
        for other in reader.sessions:
            if other.state is State.READY and place_at(other) != where:
                turn.notice(other, text(reader, place))
    _unless_stored(turn, place, made)


def registered(turn: Turn, session: Session) -> None:
    """Somebody has made an account: where they are is its first place."""
    account, where = session.who, place_at(session)
    place = Place(account.id, account.name, where, "", turn.now_ms)
    made = LoggedInFrom(place, ())
    turn.share(made)
    _unless_stored(turn, place, made)


def bound(turn: Turn, session: Session, made_at: str) -> None:
    """A session has made a token for itself. made_at: its place_at() before."""
    account, where = session.who, place_at(session)
    made = TokenBound(account.id, made_at, where)
    if turn.share(made):
        _unless_stored(turn, Place(account.id, account.name, where, "", turn.now_ms), made)


def _unless_stored(turn: Turn, place: Place, made: Shared[object]) -> None:
    def take_back() -> None:
        turn.model.login_places.take_back(place)
        turn.unshare(made)

    turn.on_failure(take_back)


def _readers(turn: Turn, account: Account) -> list[Account]:
    # A bot reads no notices; who looks after it has the audit.
    readers = [] if account.bot else [account]
    if account.admin:
        everybody = turn.model.accounts.values()
        readers += [one for one in everybody if one.admin and one.usable and one is not account]
    return readers


def place_at(session: Session) -> str:
    """Where a session is, and by which device, as place_of() says it."""
    device = next((f"{kind} {name}" for kind, name in named(session).items()), "")
    return place_of(session.address_block, device)


def tell(turn: Turn, session: Session) -> None:
    """Somebody has arrived: the logins that they haven't been told of at one of their own."""
    for place in turn.share(PlacesTold(session.who.id, place_at(session))):
        turn.notice(session, text(session.who, place))


def text(reader: Account, place: Place) -> str:
    """What a reader is told of a login."""
    name, where, at = place.name, _shown(place), when(place.at_ms)
    if place.account == reader.id:
        advice = OWN
        return f"There was a login as {name} from {where} on {at}, a new place or device. {advice}"
    advice = OTHERS
    # Of nobody else but of an administrator another one is told.
    return f"Administrator {name} logged in from {where} on {at}, a new place or device. {advice}"


def _shown(place: Place) -> str:
    network = place.place
    if not place.how:
        return network
    # Whole texts, as a client may look them up in another language.
    return f"{network} (password)" if place.how == "password" else f"{network} (password and code)"
