"""The order in which clients say things, without the clients: what each of them relies on."""

from __future__ import annotations

from tests.support.client import Client, sasl_plain
from tests.support.server import PASSWORD, ServerUnderTest


def authenticates(person: Client, account: str) -> list[str]:
    """SASL PLAIN, and what is heard of its success."""
    payload = sasl_plain(account, PASSWORD, authzid=account)
    person.sends("AUTHENTICATE PLAIN", f"AUTHENTICATE {payload}")
    return person.hears_until(" 903 ")


def test_nick_and_user_may_come_after_the_login(server: ServerUnderTest) -> None:
    """irssi says NICK and USER only when SASL is done; its JOIN before that is a mere probe."""
    iris = server.connect()
    iris.sends("CAP LS 302", "JOIN :", "CAP REQ :sasl server-time")
    iris.hears_until(" ACK ")
    assert authenticates(iris, "iris")[-1] == (":chat.test 903 * :SASL authentication successful")
    iris.sends("CAP END", "NICK iris", "USER iris iris localhost :Iris")
    assert iris.hears_until(" 001 ")[-1].startswith(":chat.test 001 iris :")
    iris.hears_until("JOIN #lobby")


def test_the_welcome_says_what_the_nick_is(server: ServerUnderTest) -> None:
    """Until then numerics are addressed to the name that the client gave itself."""
    wes = server.connect()
    wes.sends("CAP LS 302", "NICK somebody", "USER somebody 0 * :Somebody", "CAP REQ :sasl")
    heard = authenticates(wes, "wes")
    assert heard[-2].startswith(":chat.test 900 somebody wes!wes@chat.test wes :")
    assert heard[-1].startswith(":chat.test 903 somebody :")
    wes.sends("CAP END")
    assert wes.hears_until(" 001 ")[-1].startswith(":chat.test 001 wes :")


def test_another_nick_after_the_login_does_not_stop_the_welcome(server: ServerUnderTest) -> None:
    """Not even somebody else's name: the welcome says which nick it is."""
    wes = server.connect()
    wes.sends("CAP REQ :sasl")
    authenticates(wes, "wes")
    wes.sends("NICK bob", "USER wes 0 * :Wes", "CAP END")
    assert wes.hears_until(" 001 ")[-1].startswith(":chat.test 001 wes :")


def test_self_message_on_the_wire(server: ServerUnderTest) -> None:
    """As bouncers have it: at once, and after a login, with the time at which it was said."""
    desk = server.member("wes")
    phone = server.member("wes", caps="server-time znc.in/self-message")
    desk.sends("PRIVMSG iris :from the desk")
    heard = phone.hears_line()
    assert heard.endswith(" :wes!wes@chat.test PRIVMSG iris :from the desk")
    phone.hangs_up()
    desk.hangs_up()
    late = server.connect()
    assert heard in late.logs_in("wes", caps="server-time znc.in/self-message")
