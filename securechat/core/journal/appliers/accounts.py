"""What events of accounts change: see the package. Hub thread only."""

from __future__ import annotations

from securechat.core.journal.appliers import Undo, move_read_markers, set_facts, set_item
from securechat.core.journal.events.accounts import (
    AccountCreated,
    AccountRenamed,
    AccountRespelled,
    CertificateAdded,
    CertificateRevoked,
    CertificateUsed,
    Delivered,
    DeviceForgotten,
    FactorRemoved,
    FactorSet,
    FactorUsed,
    InviteUsed,
    MessageKeyed,
    PasswordChanged,
    PasswordRehashed,
    ReadMarked,
    ReadMarkForgotten,
    RecoveryCodeAdded,
    RecoveryCodesCleared,
    RecoveryCodeUsed,
    TokenCreated,
    TokenRevoked,
    TokenUsed,
    UsageCounted,
    UsageUpto,
)
from securechat.core.model.credentials import (
    Certificate,
    Device,
    Factor,
    Token,
    certificate_device,
    token_device,
)
from securechat.core.model.entities import Account
from securechat.core.model.sent_keys import Kept
from securechat.core.model.state import Model


def account_created(model: Model, event: AccountCreated) -> Undo:
    account = Account(event.id, event.name, event.folded, event.skeleton, event.admin)
    account.starts_after = event.starts_after
    model.add_account(account)
    return lambda: model.remove_account(account)


def account_respelled(model: Model, event: AccountRespelled) -> Undo:
    account = model.accounts[event.account]
    before, after = (account.name, account.skeleton), (event.name, event.skeleton)
    model.respell(account, *after)

    def undo() -> None:
        # Not if an administrator has respelled it since.
        if (account.name, account.skeleton) == after:
            model.respell(account, *before)

    return undo


def account_renamed(model: Model, event: AccountRenamed) -> Undo:
    account = model.accounts[event.account]
    before, former = account.forms, account.former
    model.rename(account, event.name, event.folded, event.skeleton)
    move_back = move_read_markers(model.accounts.values(), event.before, event.folded)

    def undo() -> None:
        if account.folded != event.folded:  # renamed once more since
            return
        model.name_account(account, before, former)
        move_back()

    return undo


def password_changed(model: Model, event: PasswordChanged | PasswordRehashed) -> Undo:
    return lambda: None  # hashes are not kept in memory


def token_created(model: Model, event: TokenCreated) -> Undo:
    token = Token(event.digest, event.account, event.name, event.created_ms)
    model.add_token(token)
    return lambda: model.remove_token(token)


def token_used(model: Model, event: TokenUsed) -> Undo:
    return set_facts(model.tokens[event.digest], used_ms=event.used_ms)


def token_revoked(model: Model, event: TokenRevoked) -> Undo:
    token = model.tokens[event.digest]
    model.remove_token(token)
    account = model.accounts[token.account]
    # A later token of the same name is another device, and must not take up its mark.
    restore = _forget_device(account, token_device(token.name))

    def undo() -> None:
        known = token.digest in model.tokens
        # The account may have been deleted meanwhile, or its registration been undone.
        here = model.accounts.get(account.id) is account
        if here and not known and token.name not in account.tokens:
            model.add_token(token)
            restore()

    return undo


def _forget_device(account: Account, name: str) -> Undo:
    before = account.starts_after
    device = account.forget_device(name)

    def undo() -> None:
        # Nothing was there, or a login has made it anew meanwhile.
        if device is None or name in account.devices:
            return
        account.devices[name] = device
        if account.starts_after == device.delivered:  # else another one, newer, is forgotten too
            account.starts_after = before

    return undo


def certificate_added(model: Model, event: CertificateAdded) -> Undo:
    certificate = Certificate(event.fingerprint, event.account, event.name, event.created_ms)
    model.add_certificate(certificate)
    return lambda: model.remove_certificate(certificate)


def certificate_used(model: Model, event: CertificateUsed) -> Undo:
    return set_facts(model.certificates[event.fingerprint], used_ms=event.used_ms)


def certificate_revoked(model: Model, event: CertificateRevoked) -> Undo:
    certificate = model.certificates[event.fingerprint]
    model.remove_certificate(certificate)
    account = model.accounts[certificate.account]
    restore = _forget_device(account, certificate_device(certificate.name))

    def undo() -> None:
        known = certificate.fingerprint in model.certificates
        here = model.accounts.get(account.id) is account
        if here and not known and certificate.name not in account.certificates:
            model.add_certificate(certificate)
            restore()

    return undo


def factor_set(model: Model, event: FactorSet) -> Undo:
    return set_facts(model.accounts[event.account], factor=Factor(event.secret, event.counter))


def factor_used(model: Model, event: FactorUsed) -> Undo:
    return set_facts(_factor(model, event.account), counter=event.counter)


def factor_removed(model: Model, event: FactorRemoved) -> Undo:
    return set_facts(model.accounts[event.account], factor=None)


def recovery_code_added(model: Model, event: RecoveryCodeAdded) -> Undo:
    codes = _factor(model, event.account).recovery
    codes.add(event.digest)
    return lambda: codes.discard(event.digest)


def recovery_codes_cleared(model: Model, event: RecoveryCodesCleared) -> Undo:
    return set_facts(_factor(model, event.account), recovery=set())


def recovery_code_used(model: Model, event: RecoveryCodeUsed) -> Undo:
    codes = _factor(model, event.account).recovery
    codes.remove(event.digest)
    return lambda: codes.add(event.digest)


def _factor(model: Model, account: int) -> Factor:
    factor = model.accounts[account].factor
    if factor is None:
        raise LookupError(f"account {account} has no second factor")
    return factor


def delivered(model: Model, event: Delivered) -> Undo:
    devices = model.accounts[event.account].devices
    device = devices.get(event.name)
    if device is not None:  # memory is ahead of what is stored
        # Its mark isn't set: that has moved before the event was made, and further since.
        return set_facts(device, stored=event.delivered)
    made = Device(event.name, event.delivered, event.used_ms, event.delivered)
    devices[event.name] = made
    # Only its own: a login may have put another one there.
    return lambda: devices.get(event.name) is made and devices.pop(event.name)


def message_keyed(model: Model, event: MessageKeyed) -> Undo:
    kept = Kept(event.seq, event.at_ms)
    return model.accounts[event.account].sent_keys.put(event.slot, event.key, kept)


def device_forgotten(model: Model, event: DeviceForgotten) -> Undo:
    return _forget_device(model.accounts[event.account], event.name)


def read_marked(model: Model, event: ReadMarked) -> Undo:
    return set_item(model.accounts[event.account].read_markers, event.target, event.at_ms)


def read_mark_forgotten(model: Model, event: ReadMarkForgotten) -> Undo:
    return set_item(model.accounts[event.account].read_markers, event.target, None)


def usage_counted(model: Model, event: UsageCounted) -> Undo:
    return lambda: None  # in memory it is counted with every entry


def usage_upto(model: Model, event: UsageUpto) -> Undo:
    return lambda: None


def invite_used(model: Model, event: InviteUsed) -> Undo:
    invite = model.invites[event.code_sha256]
    invite.uses -= 1

    def undo() -> None:
        invite.uses += 1  # others may have used it as well

    return undo
