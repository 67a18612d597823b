"""A session without a network: what the server says goes in, what the client sends comes out."""

from __future__ import annotations

from securechat.client.session.actions import Action, Say
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.deliveries import Queued
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import AccountRequest, Login
from securechat.client.session.output import Output
from securechat.client.session.session import SYNC, ClientSession
from securechat.irc.message import parse
from tests.client.scripted import NAME, OFFER

ALICE = "alice!alice@irc.test"


class Talk:
    """One session and a clock that stands still until it is turned."""

    def __init__(
        self, credential: Login | AccountRequest, *, missed: Missed = Missed.REPLAYED
    ) -> None:
        self.session = ClientSession(credential, missed=missed)
        self.now = 1000.0
        self.events: list[ClientEvent] = []
        self.hangup: str | None = None

    def opens(self) -> list[str]:
        """A connection is up; what the client sends first."""
        return self._note(self.session.opened(self.now))

    def hears(self, *lines: str) -> list[str]:
        """The server says lines; what the client sends then."""
        sent: list[str] = []
        for line in lines:
            text = line if line[:1] in ":@" else f":{NAME} {line}"
            sent += self._note(self.session.receive(parse(text), self.now))
        return sent

    def does(self, action: Action) -> list[str]:
        """The person does something; what the client sends then."""
        return self._note(self.session.act(action, self.now))

    def says(self, text: str, target: str = "#lobby") -> list[str]:
        """The person says something."""
        return self.does(Say(target, text))

    def waits(self, seconds: float) -> list[str]:
        """Time passes; what the client sends at its end."""
        self.now += seconds
        return self._note(self.session.tick(self.now))

    def loses(self) -> None:
        """The connection is gone."""
        self._note(self.session.closed())

    def shows(self) -> list[ClientEvent]:
        """The events since the last call, without those that tell of what we send ourselves."""
        shown, self.events = self.events, []
        return [event for event in shown if not isinstance(event, Queued)]

    def _note(self, out: Output) -> list[str]:
        self.events += out.events
        self.hangup = out.hangup
        return out.lines


def arrival(*missed: str, channels: tuple[str, ...] = ("#lobby",)) -> list[str]:
    """What the server says from 001 to the end of the replay."""
    lines = ["001 alice :Welcome", "005 alice PREFIX=(qov)~@+ :are supported", "422 alice :No MOTD"]
    for channel in channels:
        lines += [
            f":{ALICE} JOIN {channel} alice :alice",
            f"353 alice = {channel} :@alice bob!bob@irc.test",
            f"366 alice {channel} :End of /NAMES list",
        ]
    return [*lines, *missed, f"PONG irc.test :{SYNC}"]


def handshake(talk: Talk, offer: str = OFFER) -> None:
    """Open, and log in up to CAP END."""
    talk.opens()
    [request] = talk.hears(f"CAP * LS :{offer}")
    talk.hears(request.replace("CAP REQ", "CAP * ACK"), "AUTHENTICATE +", "903 alice :ok")


def online(
    *, missed: Missed = Missed.REPLAYED, channels: tuple[str, ...] = ("#lobby",), offer: str = OFFER
) -> Talk:
    """Alice, logged in and in her channels."""
    talk = Talk(Login("alice", "secret"), missed=missed)
    handshake(talk, offer)
    talk.hears(*arrival(channels=channels))
    talk.shows()
    return talk
