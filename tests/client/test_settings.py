"""The settings directory: SettingsDirectory."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from securechat.client.exits import SettingsError
from securechat.client.session.identity import Address
from securechat.client.settings import SettingsDirectory, default_directory

HERE = Address("chat.example", 6697)
THERE = Address("::1", 7000)


@pytest.fixture
def settings(tmp_path: Path) -> SettingsDirectory:
    return SettingsDirectory(tmp_path / "a" / "settings")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_directory_comes_from_the_environment(settings_directory: Path) -> None:
    """Where SECURECHAT_CONFIG_DIR is set."""
    assert default_directory() == settings_directory


def test_the_systems_place_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """As platformdirs knows it."""
    monkeypatch.delenv("SECURECHAT_CONFIG_DIR")
    assert default_directory().name == "securechat"


def test_nothing_is_there_at_first(settings: SettingsDirectory) -> None:
    """And reading makes nothing."""
    assert settings.last() is None
    assert settings.account(HERE) is None
    assert settings.pin(HERE) is None
    assert not settings.directory.exists()


def test_the_last_server_and_its_account_are_remembered(settings: SettingsDirectory) -> None:
    """Accounts of other servers stay."""
    settings.remember(HERE, "alice")
    settings.remember(THERE, "жанна")
    again = SettingsDirectory(settings.directory)
    assert again.last() == THERE
    assert again.account(THERE) == "жанна"
    assert again.account(HERE) == "alice"


def test_a_pin_belongs_to_host_and_port(settings: SettingsDirectory) -> None:
    """Another port may be another server."""
    settings.save_pin(HERE, "pem one")
    settings.save_pin(THERE, "pem two")
    assert settings.pin(HERE) == "pem one"
    assert settings.pin(Address("Chat.Example", 6697)) == "pem one"
    assert settings.pin(Address("chat.example", 7000)) is None


def test_only_the_owner_may_read_them(settings: SettingsDirectory) -> None:
    """Files 0600 in directories 0700, and no draft is left over."""
    settings.remember(HERE, "alice")
    settings.save_pin(HERE, "pem")
    assert mode(settings.directory) == 0o700
    assert mode(settings.directory / "pins") == 0o700
    files = [path for path in settings.directory.rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == ["chat.example_6697.pem", "servers.json"]
    assert {mode(path) for path in files} == {0o600}


@pytest.mark.parametrize("host", ["../../etc/passwd", "a/b", ".."])
def test_a_host_cannot_lead_out_of_the_directory(settings: SettingsDirectory, host: str) -> None:
    """Whatever it is made of."""
    file = settings.pin_file(Address(host, 1))
    assert file.parent == settings.directory / "pins"


def test_a_pin_that_others_may_write_is_refused(settings: SettingsDirectory) -> None:
    """They could have put their own CA there."""
    settings.save_pin(HERE, "pem")
    settings.pin_file(HERE).chmod(0o666)
    with pytest.raises(SettingsError, match="chmod 600"):
        settings.pin(HERE)


@pytest.mark.parametrize(
    "content", ["not json", "[]", '{"last": 7}', '{"last": "a b"}', '{"accounts": []}', "\udcff"]
)
def test_a_damaged_file_is_told(settings: SettingsDirectory, content: str) -> None:
    """With its name."""
    settings.remember(HERE, "alice")
    file = settings.directory / "servers.json"
    file.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(SettingsError, match=r"servers\.json"):
        (settings.last(), settings.account(HERE))


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """Is told with the reason."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="can't write"):
        SettingsDirectory(tmp_path / "file" / "settings").save_pin(HERE, "pem")


def test_a_failed_write_leaves_the_old_content(settings: SettingsDirectory) -> None:
    """It is replaced as a whole or not at all."""
    settings.save_pin(HERE, "old")
    with pytest.raises(UnicodeEncodeError):
        settings.save_pin(HERE, "new \udcff")
    assert settings.pin(HERE) == "old"
    assert len(list(settings.pin_file(HERE).parent.iterdir())) == 1


def test_devices_are_remembered_unless_somebody_says_no(settings: SettingsDirectory) -> None:
    """By hand, in servers.json; what the client writes there leaves it as it is."""
    assert settings.remembers
    settings.remember(HERE, "alice")
    assert settings.remembers
    file = settings.directory / "servers.json"
    file.write_text(file.read_text().replace("{", '{"remember": false, ', 1))
    assert not settings.remembers
    settings.remember(THERE, "alice")
    assert not settings.remembers


def test_a_wish_that_is_none(settings: SettingsDirectory) -> None:
    """Is told with what is expected."""
    settings.remember(HERE, "alice")
    (settings.directory / "servers.json").write_text('{"remember": "no"}')
    with pytest.raises(SettingsError, match="expected true or false; got 'no'"):
        _ = settings.remembers


def test_whom_somebody_ignores_is_kept(settings: SettingsDirectory) -> None:
    """For each account by itself, in a private file, which the next start reads."""
    ignored = settings.ignored(HERE, "Alice")
    assert ignored.names == ()
    assert not settings.directory.exists()
    ignored.add("bob")
    assert settings.ignored(HERE, "alice").names == ("bob",)
    assert settings.ignored(THERE, "alice").names == ()
    assert settings.ignored(HERE, "carol").names == ()
    assert mode(settings.directory / "ignored.json") == 0o600
    assert ignored.place == str(settings.directory / "ignored.json")


@pytest.mark.parametrize("content", ["x", "[]", '{"alice@chat.example:6697": "bob"}'])
def test_a_list_of_ignored_people_that_can_not_be_read(
    settings: SettingsDirectory, content: str
) -> None:
    """Is no empty one."""
    path = settings.directory / "ignored.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(SettingsError, match=r"ignored\.json"):
        settings.ignored(HERE, "alice")
