"""The numeric replies."""

from __future__ import annotations

import pytest

from securechat.irc.message import format_message, parse
from securechat.irc.numerics import Numeric

# Errors that came when 400 to 599 was full, or with SASL.
LATE_ERRORS = {"696", "734", "774", "902", "904", "905", "906", "907"}


def test_each_number_has_one_name() -> None:
    """A second name for a number would be the first one in disguise."""
    assert len(Numeric.__members__) == len({numeric.value for numeric in Numeric})


@pytest.mark.parametrize("numeric", list(Numeric))
def test_a_numeric_stands_on_the_wire_as_three_digits(numeric: Numeric) -> None:
    """It is its own text, so it goes into a message as it is."""
    assert len(numeric) == 3
    assert parse(format_message(numeric, "alice", "text")).command == numeric.value
    assert f"{numeric}" == numeric.value


@pytest.mark.parametrize("numeric", list(Numeric))
def test_errors_are_where_clients_look_for_them(numeric: Numeric) -> None:
    """400 to 599 and a few late ones are ERR_, all others RPL_."""
    late = numeric.value in LATE_ERRORS
    error = "400" <= numeric.value <= "599" or late
    assert numeric.name.startswith("ERR_" if error else "RPL_")


def test_numerics_come_in_order() -> None:
    """Sorted by number, so that one is found, and a wrong digit stands out."""
    assert list(Numeric) == sorted(Numeric)


@pytest.mark.parametrize(
    ("numeric", "value"),
    [
        (Numeric.RPL_WELCOME, "001"),
        (Numeric.RPL_ISUPPORT, "005"),
        (Numeric.RPL_NAMREPLY, "353"),
        (Numeric.RPL_ENDOFNAMES, "366"),
        (Numeric.RPL_ENDOFMOTD, "376"),
        (Numeric.ERR_NOMOTD, "422"),
        (Numeric.ERR_INPUTTOOLONG, "417"),
        (Numeric.ERR_UNKNOWNCOMMAND, "421"),
        (Numeric.ERR_ERRONEUSNICKNAME, "432"),
        (Numeric.ERR_NICKNAMEINUSE, "433"),
        (Numeric.ERR_NOTREGISTERED, "451"),
        (Numeric.ERR_PASSWDMISMATCH, "464"),
        (Numeric.RPL_LOGGEDIN, "900"),
        (Numeric.RPL_SASLSUCCESS, "903"),
        (Numeric.ERR_SASLFAIL, "904"),
        (Numeric.ERR_SASLTOOLONG, "905"),
        (Numeric.ERR_SASLABORTED, "906"),
        (Numeric.ERR_SASLALREADY, "907"),
        (Numeric.RPL_SASLMECHS, "908"),
    ],
)
def test_the_numbers_that_clients_wait_for(numeric: Numeric, value: str) -> None:
    """A client's login hangs on each of these."""
    assert numeric == value
