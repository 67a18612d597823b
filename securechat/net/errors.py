"""Why a connection can't go on. The texts are for the log; what a peer sent is never in them."""

from __future__ import annotations


class LostError(Exception):
    """The connection can't go on."""


class CheckedError(LostError):
    """It has ended as such connections do, without a line: a balancer has seen that the server is
    there, or a browser has what it wanted.
    """


class WrongProtocolError(LostError):
    """The peer speaks something else than the listener does."""


class EndedError(LostError):
    """The peer has gone without a word, in order or not."""
