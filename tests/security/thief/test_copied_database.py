"""A thief has a copy of the database, of its write-ahead log too, and not the pepper."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import shutil
from contextlib import closing
from pathlib import Path

import bcrypt
import pytest

from securechat.credentials.device import token_digest
from securechat.credentials.link import code_digest
from securechat.irc.names import account_name
from securechat.server.data import DataDirectory
from securechat.server.service import Service
from securechat.store import passwords
from securechat.store.admin import Admin, NewAccount
from securechat.store.pepper import Pepper, PepperError, SealError
from securechat.store.sqlite.database import FILE_NAME
from tests.security.thief.loot import (
    ALICE_PASSWORD,
    CHANNEL_KEY,
    RECOVERY_CODE,
    SECRETS,
    TEXT,
    TOKEN,
    TOTP_SECRET,
    Loot,
    forms,
    steal,
)
from tests.support.server import COST, config, running

DRAWN = ["invite code", "pepper", "key of the passwords", "key of the costs"]
GUESSED_PEPPERS = [Pepper(bytes(32)), Pepper(b"\xff" * 32), Pepper(b"k" * 32)]


@pytest.fixture(scope="module")
def loot(tmp_path_factory: pytest.TempPathFactory) -> Loot:
    """What was carried away."""
    return steal(tmp_path_factory.mktemp("thief"))


# --- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [*SECRETS, *DRAWN])
def test_looking_for_a_secret_in_every_byte(loot: Loot, what: str) -> None:
    """In database, write-ahead log and free space, in any usual notation: only messages are there
    in the clear.
    """
    assert any(TEXT.encode() in content for _, content in loot.files())
    found = [
        name
        for name, content in loot.files()
        if any(written in content for written in forms(loot.secrets[what]))
    ]
    assert found == []


@pytest.mark.parametrize("what", [*SECRETS, *DRAWN])
def test_looking_for_a_secret_in_every_table(loot: Loot, what: str) -> None:
    """Column by column, as SQLite shows them."""
    cells = list(loot.cells())
    assert ("log", TEXT.encode()) in cells
    assert {"accounts", "tokens", "factors", "recovery_codes", "invites", "targets", "audit"} <= {
        table for table, _ in cells
    }
    written = forms(loot.secrets[what])
    assert [table for table, cell in cells if any(form in cell for form in written)] == []


# --- guessing ------------------------------------------------------------------------------------


def test_guessing_the_very_password_without_the_pepper(loot: Loot) -> None:
    """It looks wrong like any other, by every recipe and with any other pepper; only with the
    pepper it is right.
    """
    [stored] = loot.column("SELECT password FROM accounts WHERE name = 'alice'")
    assert stored.startswith("sc2$")
    for pepper in GUESSED_PEPPERS:
        assert not passwords.verify_password(ALICE_PASSWORD, stored, pepper)
    for digest in keyless_digests(ALICE_PASSWORD):
        assert not bcrypt.checkpw(digest[:72], stored.removeprefix("sc2$").encode())
    assert passwords.verify_password(ALICE_PASSWORD, stored, loot.pepper)


def keyless_digests(text: str) -> list[bytes]:
    """What somebody can make of a guess who knows our code, and not our pepper."""
    raw, labels = text.encode(), (passwords._LABEL, passwords._SC1_LABEL, b"", bytes(32))
    keyed = [hmac.digest(key, raw, "sha384") for key in labels]
    keyed += [hmac.digest(b"", label + raw, "sha384") for label in labels]
    return [raw, *keyed, *map(base64.b64encode, keyed)]


def test_trying_all_recovery_codes(loot: Loot) -> None:
    """There are 2^50, which takes hours with a plain digest; with the keyed one a hit looks like a
    miss.
    """
    [digest] = loot.column("SELECT digest FROM recovery_codes")
    [account] = loot.column("SELECT account FROM recovery_codes")
    texts = [RECOVERY_CODE, f"recovery {account} {RECOVERY_CODE}"]
    made = [hashlib.sha256(text.encode()).digest() for text in texts]
    made += [pepper.digest(text) for pepper in GUESSED_PEPPERS for text in texts]
    assert digest not in made
    assert digest == loot.pepper.digest(texts[1])


def test_opening_what_is_sealed(loot: Loot) -> None:
    """Neither a second factor nor a channel's key opens without the pepper."""
    [secret] = loot.column("SELECT secret FROM factors")
    [account] = loot.column("SELECT account FROM factors")
    [key] = loot.column("SELECT channel_key FROM targets WHERE name = '#den'")
    [channel] = loot.column("SELECT id FROM targets WHERE name = '#den'")
    sealed = {
        f"totp {account}": (secret, TOTP_SECRET),
        f"key of room {channel}": (key, CHANNEL_KEY),
    }
    for context, (text, _) in sealed.items():
        for pepper in GUESSED_PEPPERS:
            with pytest.raises(SealError):
                pepper.unseal(text, context)
    opened = {context: loot.pepper.unseal(text, context) for context, (text, _) in sealed.items()}
    assert list(opened.values()) == [TOTP_SECRET, CHANNEL_KEY.encode()]


def test_giving_a_token_s_or_an_invite_s_hash_in_its_place(loot: Loot) -> None:
    """The hash is not what it is the hash of: shown to the server it is hashed again. To guess what
    was hashed is hopeless, as it was drawn from 2^128 and more.
    """
    [kept] = loot.column("SELECT digest FROM tokens")
    assert kept == token_digest(TOKEN)
    invites = loot.column("SELECT code_sha256 FROM invites")
    assert code_digest(loot.invite) in invites
    for shown in (kept.hex(), base64.urlsafe_b64encode(kept).decode()):
        assert token_digest(f"sct1_{shown}") != kept
        assert code_digest(shown) not in invites


# --- using ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("pepper", [None, b"k" * 32], ids=["no pepper", "another pepper"])
def test_starting_a_server_on_the_copy(loot: Loot, tmp_path: Path, pepper: bytes | None) -> None:
    """It refuses to run without its pepper, and makes no new one."""
    data = DataDirectory(tmp_path / "data")
    data.create()
    for path in loot.stopped.iterdir():
        shutil.copyfile(path, data.path / path.name)
        (data.path / path.name).chmod(0o600)
    if pepper is not None:
        data.pepper.touch(0o600)
        data.pepper.write_bytes(pepper)
    with pytest.raises(PepperError, match=re.escape(str(data.pepper))):
        Service(config(), data).start()
    assert (data.pepper.read_bytes() if data.pepper.exists() else None) == pepper


# --- what was there before -----------------------------------------------------------------------


def of_before(password: str) -> str:
    """A password as it was stored before there was a pepper."""
    digest = hmac.digest(passwords._SC1_LABEL, password.encode(), "sha384")
    return "sc1$" + bcrypt.hashpw(base64.b64encode(digest), bcrypt.gensalt(COST)).decode()


def test_waiting_for_a_hash_from_before_the_pepper(tmp_path: Path) -> None:
    """Such a hash can be guessed at. After the next login it is in no byte of the database."""
    old = of_before(ALICE_PASSWORD)
    with running(tmp_path / "data") as server:
        form = account_name("alice")
        with server.admin() as admin:
            admin.add([NewAccount(form.display, form.folded, form.skeleton, old)], 1)
            server.wait_for(admin.in_effect)
        before = (tmp_path / "data" / f"{FILE_NAME}-wal").read_bytes()
        server.member("alice", password=ALICE_PASSWORD).hears()
        server.member("alice", password=ALICE_PASSWORD).hears()
    bcrypt_part = old.removeprefix("sc1$").encode()
    assert bcrypt_part in before
    assert not any(bcrypt_part in path.read_bytes() for path in files(tmp_path / "data"))
    with closing(Admin(tmp_path / "data" / FILE_NAME)) as admin:
        stored = admin.reader.password(admin.find("alice", "alice").id)
    assert str(stored).startswith("sc2$")


def test_digging_for_the_hash_of_a_deleted_account(tmp_path: Path) -> None:
    """What was deleted or replaced is not left behind in free space."""
    with running(tmp_path / "data", "alice", "bob") as server, server.admin() as admin:
        hashes = [admin.reader.password(row.id) for row in admin.reader.accounts()]
        for name in ("alice", "bob"):
            admin.delete(admin.find(name, name))
        server.wait_for(admin.in_effect)
    contents = [path.read_bytes() for path in files(tmp_path / "data")]
    assert len(hashes) == 2
    for stored in hashes:
        salt_and_checksum = str(stored)[passwords.HEAD_CHARS :].encode()
        assert not any(salt_and_checksum in content for content in contents)


def files(data: Path) -> list[Path]:
    return list(data.glob(FILE_NAME + "*"))
