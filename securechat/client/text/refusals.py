"""Why a server has refused something, in words for people: by the numeric that says so. Pure.

https://modern.ircdocs.horse/#numerics. What a server says beside the usual is told as it says it.
"""

from __future__ import annotations

from typing import Final

from securechat.client.session.events.base import Problem
from securechat.common.escape import escape_name, escape_text
from securechat.common.language import translated
from securechat.irc.numerics import Numeric

REFUSALS: Final[dict[str, str]] = {
    Numeric.ERR_NOSUCHNICK: "nobody by the name {it} is here",
    Numeric.ERR_WASNOSUCHNICK: "nobody by the name {it} was here lately",
    Numeric.ERR_NOSUCHCHANNEL: "there is no channel {it} that you may see",
    Numeric.ERR_USERNOTINCHANNEL: "{it} isn't in {place}",
    Numeric.ERR_NOTONCHANNEL: "you aren't in {it}; /join {it} enters it",
    Numeric.ERR_USERONCHANNEL: "{it} is in {place} already",
    Numeric.ERR_CHANNELISFULL: "{it} is full: no more people may come in",
    Numeric.ERR_UNKNOWNMODE: "this server knows no mode {it} of channels",
    Numeric.ERR_INVITEONLYCHAN: "{it} is private: who runs it has to invite you, by /invite",
    Numeric.ERR_BANNEDFROMCHAN: "you are banned from {it}; who runs it can lift that, by /unban",
    Numeric.ERR_BADCHANNELKEY: "{it} has a key, which you need to come in: /join {it} KEY",
    Numeric.ERR_CHANOPRIVSNEEDED: "only who runs {it} may do that: its operators (@) and owners "
    "(~), whom /names shows",
    Numeric.ERR_UNKNOWNCOMMAND: "this server has no command {it}",
    Numeric.ERR_BANLISTFULL: "the list of {it} is full; /unban makes room",
    Numeric.ERR_USERSDONTMATCH: "you can change your own modes only",
}
"""it: what the numeric names first; place: what it names behind that."""

USUAL: Final[dict[str, tuple[str, ...]]] = {
    Numeric.ERR_NOSUCHNICK: ("No such nick", "No such target"),
    Numeric.ERR_NOSUCHCHANNEL: ("No such channel",),
    Numeric.ERR_BADCHANNELKEY: ("Cannot join channel: wrong key", "Cannot join channel (+k)"),
    Numeric.ERR_CHANOPRIVSNEEDED: ("You're not channel operator", "You're not a channel operator"),
    Numeric.ERR_UNKNOWNCOMMAND: ("Unknown comm",),
}
"""With what a server's words begin where they say no more than the number does. Of a number that
isn't here they never do.
"""


def in_words(problem: Problem) -> str:
    """What a person is told of a refusal, escaped; '' where the server's words have to do."""
    text, usual = REFUSALS.get(problem.code), USUAL.get(problem.code)
    named = [escape_name(one) for one in problem.about]
    if text is None or len(named) < ("{it}" in text) + ("{place}" in text):
        return ""
    # "No such nick/channel: it is called bob now" says more than we know.
    says_more = ": " in problem.words and problem.code == Numeric.ERR_NOSUCHNICK
    if usual and (says_more or not problem.words.startswith(usual)):
        return f"{' '.join(named)}: {escape_text(translated(problem.words))}"
    it, place, *_more = (*named, "", "")
    return translated(text).format(it=it, place=place)
