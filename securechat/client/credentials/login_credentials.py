"""The account and its password or certificate, from options or asked for. Main thread."""

from __future__ import annotations

import sys
from pathlib import Path

from securechat.client.credentials import passwords
from securechat.client.exits import UsageError
from securechat.client.person import Person
from securechat.client.session.identity import Login
from securechat.common.files import read_named
from securechat.common.language import _
from securechat.common.record import Record, field

NO_ACCOUNT = "the account is missing: give ACCOUNT@HOST, or --account for register"


class Sources(Record):
    """Where the credential may come from, as the options say.

    key: without it X-key.pem beside the certificate X.pem, else the certificate's own file.
    password: of a program that has it from elsewhere.
    """

    certificate: Path | None = None
    key: Path | None = None
    password_file: Path | None = None
    password_stdin: bool = False
    password: str | None = field(default=None, repr=False)

    def __init__(
        self,
        certificate: Path | None = None,
        key: Path | None = None,
        password_file: Path | None = None,
        password_stdin: bool = False,
        password: str | None = None,
    ) -> None:
        if sum([certificate is not None, password_file is not None, password_stdin]) > 1:
            raise UsageError("--cert, --password-file and --password-stdin exclude each other")
        if key is not None and certificate is None:
            raise UsageError("--key FILE needs --cert FILE, the certificate that it belongs to")
        if certificate is not None and key is None:
            beside = certificate.with_name(f"{certificate.stem}-key.pem")
            key = beside if beside.is_file() else None
        super().__init__(certificate, key, password_file, password_stdin, password)

    @property
    def asks(self) -> bool:
        """Whether the password is asked for, and so may be asked for again."""
        named = self.certificate or self.password_file or self.password_stdin
        return not (named or self.password is not None)

    def given(self) -> str | None:
        """The password that the options name, None when it is to be asked for."""
        if self.password is not None:
            return passwords.checked(self.password)
        if self.password_file is not None:
            return passwords.from_file(self.password_file)
        return passwords.from_stdin(sys.stdin.fileno()) if self.password_stdin else None

    def account(self, person: Person, name: str | None, place: str) -> str:
        """The account to log in to at place, a server: name, or the certificate's, or asked for."""
        if name:
            return checked_account(name)
        if self.certificate is not None:
            return checked_account(certificate_name(self.certificate))
        return ask_account(person, _("Account at {place}").format(place=place))

    def login(self, person: Person, account: str, place: str) -> Login:
        """The credential for account at place, a server; asks for what is missing."""
        if self.certificate is not None:
            return Login(account)
        password = self.given()
        if password is None:
            question = _("Password of {account} at {place}: ").format(account=account, place=place)
            password = passwords.checked(person.ask_secret(question, passwords.NO_WAY))
        return Login(account, password)


def ask_account(person: Person, question: str) -> str:
    """Ask for the account's name. Raises UsageError when there is nobody to ask."""
    while True:
        name = person.ask(question, NO_ACCOUNT)
        if not name:
            continue
        try:
            return checked_account(name)
        except UsageError as error:
            person.tell(str(error))


def checked_account(name: str) -> str:
    """name, when it can be sent as a nick at all; the server has rules of its own."""
    if not name or name.startswith(":") or not name.isprintable() or " " in name:
        raise UsageError(f"expected an account name, one word of printable letters; got {name!r}")
    return name


def certificate_name(path: Path) -> str:
    """The account that a client certificate names. Raises UsageError."""
    # Only here, as hardly any command needs it, and it takes long to load.
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        certificate = x509.load_pem_x509_certificate(read_named(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "expected a certificate in PEM form"
        raise UsageError(f"--cert {path}: {reason}") from None
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names:
        raise UsageError(f"--cert {path}: it names no account; give ACCOUNT@HOST")
    return str(names[0].value)
