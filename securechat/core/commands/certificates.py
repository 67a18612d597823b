"""CERT: the client certificates that log an account in (SASL EXTERNAL).

Ergo and services have such a command. Here a member registers the certificate of the very
connection and no other: its key has been used in the handshake, while a fingerprint that somebody
has read somewhere proves nothing.
"""

from __future__ import annotations

from securechat.core.commands.registry import command
from securechat.core.commands.verbs import VerbRefused, check_fresh, note, run, shown
from securechat.core.journal.events.accounts import CertificateAdded, CertificateRevoked
from securechat.core.model.entities import Session
from securechat.core.presence import online
from securechat.core.text import iso
from securechat.core.turn import Turn
from securechat.credentials.device import MAX_CERTIFICATES, default_name, is_token_name
from securechat.irc.message import Message


@command("CERT", usage="ADD [<name>] | LIST | DEL <name>", min_params=1)
def cert(turn: Turn, session: Session, message: Message) -> None:
    """Let the client certificate of this connection log you in, list such ones or revoke one."""
    run(turn, session, message, _CERT)


def _add(turn: Turn, session: Session, name: str) -> None:
    # Who finds a session unattended could else add a credential that outlasts it.
    check_fresh(turn, session)
    fingerprint = session.fingerprint
    if fingerprint is None:
        text = "This connection shows no client certificate that the server takes"
        raise VerbRefused("NO_CERTIFICATE", text)
    name = name or default_name(fingerprint)
    _check_new(turn, session, fingerprint, name)
    turn.record(CertificateAdded(fingerprint, session.who.id, name, turn.now_ms))
    turn.audit("certificate added", session, certificate=name, fingerprint=fingerprint.hex())
    text = "It logs you in by SASL EXTERNAL, until it is revoked or expires"
    note(turn, session, "CERT", "ADDED", name, fingerprint.hex(), text)


def _check_new(turn: Turn, session: Session, fingerprint: bytes, name: str) -> None:
    account = session.who
    if not is_token_name(name):
        text = "Name the certificate in one word of at most 32 letters: CERT ADD laptop"
        raise VerbRefused("INVALID_NAME", text, shown(name))
    # Of anybody: the fingerprint alone finds the account, so it can be one's only.
    if fingerprint in turn.model.certificates:
        raise VerbRefused("ALREADY_ADDED", "That certificate is registered already")
    if name in account.certificates:
        text = "There is one of that name; choose another, or CERT DEL it"
        raise VerbRefused("NAME_TAKEN", text, name)
    if len(account.certificates) >= MAX_CERTIFICATES:
        text = f"You have {MAX_CERTIFICATES} already; CERT LIST shows them, CERT DEL ends one"
        raise VerbRefused("TOO_MANY", text)


def _list(turn: Turn, session: Session, _: str) -> None:
    found = sorted(session.who.certificates.values(), key=lambda one: one.created_ms)
    for one in found:
        used = iso(one.used_ms) if one.used_ms is not None else "*"
        text = f"last used {used}" if one.used_ms is not None else "never used"
        times = iso(one.created_ms), used
        note(turn, session, "CERT", "ENTRY", one.name, one.fingerprint.hex(), *times, text)
    note(turn, session, "CERT", "END", str(len(found)), f"{len(found)} certificates")


def _delete(turn: Turn, session: Session, name: str) -> None:
    found = session.who.certificates.get(name)
    if found is None:
        text = "You have no certificate of that name; CERT LIST shows them"
        raise VerbRefused("NO_SUCH_CERTIFICATE", text, shown(name))
    turn.record(CertificateRevoked(found.fingerprint))
    turn.audit("certificate revoked", session, certificate=name)
    note(turn, session, "CERT", "DELETED", name, "It logs nobody in any more")
    # Behind the span: if the revocation can't be stored its sessions end all the same, which is the
    # safe side.
    turn.after_span(lambda: online.end_certificate(turn, found))


_CERT = {"ADD": _add, "LIST": _list, "DEL": _delete}
