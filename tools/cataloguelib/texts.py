"""Which texts the catalogues hold, beside those that are looked up where they stand."""

from __future__ import annotations

CARRIERS = ("Problem", "Info", "TooLong", "command", "_refuse", "Fault")
"""What is made with a text that is shown, and so looked up, later."""

SILENT = (
    *("core", "irc/message", "irc/sasl"),
    *("net/transport", "net/opening", "net/admission", "net/driver", "net/proxy_header"),
)
"""Where errors are raised that no person is shown; TEXTS may name parts of them all the same."""

SHOWN = ("core/administration/",)
"""But here: an administrator is answered so."""

TEXTS = (
    "admin/nearest.py",
    "admin/user_import.py",
    "ca/authority.py",
    "ca/check.py",
    "ca/constraints.py",
    "ca/ensure.py",
    "client/commands/factor.py:NEXT_CODE",
    "client/commands/factor.py:enroll",
    "client/commands/login_flow.py:CODE",
    "client/credentials/passwords.py:NO_WAY",
    "client/credentials/passwords.py:RULES",
    "client/commands/login_flow.py:NO_CODE",
    "client/commands/login_flow.py:WRONG_CODE",
    "client/screens/composer.py",
    "client/session/answers.py",
    "client/session/asking.py",
    "client/session/events.py:Doubt",
    "client/session/fetching.py",
    "client/session/following.py",
    "client/session/multiline.py",
    "client/session/pages.py",
    "client/trust/anchors.py:_NO",
    "client/trust/authorities.py",
    "core/auth/texts.py",
    "core/history/policy.py",
    "irc/names.py",
    "net/binding.py",
    "server/config.py",
    "server/identity.py",
    "server/install.py:_refuse_hidden",
    "server/reloading.py:NEXT_START",
    "store/freeing.py:_why_kept",
    "store/passwords.py",
)
"""Files, and functions of files, whose texts are all taken: what a server says to a newcomer, or a
function returns for others to raise.
"""

OTHERS = (
    *("active", "admin", "bot", "deleted", "disabled", "ended", "expired", "open"),
    "wrong account or password",
    "a CA",
    "a server's or client's certificate",
    "a number from {low} to {high}",
    "No such file or directory",
    "Permission denied",
    "Is a directory",
    "Not a directory",
    "File exists",
    "No space left on device",
    "Address already in use",
    "Cannot assign requested address",
    "Connection refused",
    "Connection reset by peer",
    "Network is unreachable",
    "No route to host",
    "Name or service not known",
    "Temporary failure in name resolution",
    "timed out",
    "Options",
    "Commands",
    "Usage:",
    "Error: {message}",
    "Aborted!",
    "Try '{command} {option}' for help.",
    "Show this message and exit.",
    "Show the version and exit.",
    "default: {default}",
    "(dynamic)",
    "env var: {var}",
    "No such option {name!r}.",
    "deprecated",
    "Argument {name!r} takes {nargs} values.",
    "Did you mean {possibility}?",
    "No such command {name!r}.",
    "Missing command.",
    "Missing argument",
    "Missing option",
    "Missing parameter",
    "Missing parameter: {param_name}",
    "Missing {param_type}",
    "Choose from:\n\t{choices}",
    "Invalid value: {message}",
    "Invalid value for {param_hint}: {message}",
    "Option {name!r} does not take a value.",
    "{value!r} is not a valid {number_type}.",
    "{value} is not in the range {range}.",
    "{name} {filename!r} does not exist.",
    "{name} {filename!r} is a file.",
    "{name} {filename!r} is a directory.",
    "{name} {filename!r} is not readable.",
    "{name} {filename!r} is not writable.",
    "Could not open file {filename!r}: {message}",
    "file",
    "directory",
    "path",
    "Error: invalid input",
    "Repeat for confirmation",
    "Error: The two entered values do not match.",
)
"""Names of things within texts; the system's words, and click's, as far as they appear. Those that
click has in two forms stand in PAIRS.
"""

PAIRS = (
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    ("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
)

WIRE = (
    "Wrong account or password",
    "That name is reserved; choose another",
    "That name is taken; choose another with NICK",
    "That name looks like somebody else's; choose another",
    "That name is somebody else's account",
    "Not a name here: 1 to 32 letters, digits or - _ [ ] { } | ^, of one script",
    "Accounts are made by the administrator here",
    "This invite is used up, expired or unknown; ask for a new link",
    "This server registers by invitation: put the invite code in the e-mail's place",
    "Too many failed registrations",
    "Too many failed logins",
    "too many logins",
    "too many connections",
    "After several wrong passwords the next one is looked at in {wait} s",
    "{name} logs in too often; try again in {wait} seconds",
    "SASL authentication failed: {reason}",
    "wrong password",
    "Account registered. Welcome!",
    "You are logged in already",
    "Log in first",
    "Too many lines before the login was answered",
    "Login took too long",
    "No answer for {silent} seconds",
    "Unknown command; HELP lists all",
    "Not enough parameters",
    "No such nick/channel",
    "No such channel",
    "No topic is set",
    "You're not on that channel",
    "You're not channel operator",
    "They aren't on that channel",
    "{name} has a higher role than you",
    "You are in {channels} channels; leave one first",
    "That name looks like another channel's{hint}; choose one that can't be mixed up",
    ", like {name}",
    "A topic has at most {limit} bytes of UTF-8",
    "Cannot send to channel: {why}",
    "you are not a member; JOIN it first",
    "the channel is moderated (+m)",
    "you are banned",
    "Cannot join channel: you are banned (+b)",
    "Cannot join channel: invite only (+i)",
    "Cannot join channel: it is full (+l)",
    "Cannot join channel: {fault} (+k)",
    "wrong key",
    "too many wrong keys; try again in {wait} seconds",
    "is offline; your message is kept and delivered at the next login",
    "is a bot and offline; it gets only what is said while it is there",
    "Your message was too long, and nothing of it was sent; send it in parts",
    "Your nick is the name of your account, {name}; it can't be changed",
    "Your password has been changed; log in with the new one",
    "The device token {name} has been revoked",
    "The certificate {name} has been revoked",
    "Ended by another session of your account",
    "The session has ended; its client may log in again by its credential",
    "You have no session of that id; SESSIONS LIST shows them",
    "You have no token of that name; TOKEN LIST shows them",
    "There is one of that name; choose another, or TOKEN REVOKE it",
    "You have {max_tokens} already; TOKEN LIST shows them, TOKEN REVOKE ends one",
    "Your login has a second factor; TOTP REMOVE takes it away first",
    "Your login has no second factor; TOTP ENROLL begins one",
    "Too many wrong codes; wait some minutes",
    "That isn't the code of now; give the newest, and check the clock of your device",
    "That isn't a code of now, or it was used before; wait for the next one",
    "The server can't do that now; try again in a minute",
    "The server can't store anything now; try again later",
    "The server can't read its messages now; try again later",
    "You were kicked from {name} by {by} on {at_ms}",
    "The server is stopping",
    "The server has failed and stops",
)
"""What a server sends to who is new, in English as other clients have it; ours looks it up. Each
stands in the source of the server; an f-string as its template.
"""

WRAPPED = ("ca/", "client/", "server/")
"""Where each text that is printed is looked up."""

HELD = (
    "others",
    "wire",
    "help",
    *(f"securechat/{name}/" for name in ("admin", "ca", "client", "common", "core", "credentials")),
)
HELD += tuple(f"securechat/{name}/" for name in ("irc", "net", "server", "store"))
"""Whose texts have their translations."""
