"""The settings directory: SettingsDirectory."""

from __future__ import annotations

import json
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from securechat.client.exits import SettingsError
from securechat.client.session.identity import Address
from securechat.client.settings import Server, SettingsDirectory, default_directory
from securechat.credentials.link import MOST_ADDRESSES

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
    assert sorted(path.name for path in files) == [".lock", "chat.example_6697.pem", "servers.json"]
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


def test_nothing_is_lost_when_clients_write_at_once(settings: SettingsDirectory) -> None:
    """Each has an account of its own, and ignores somebody of its own."""
    clients, times = 4, 10
    ready = threading.Barrier(clients)

    def write(client: int) -> None:
        own = SettingsDirectory(settings.directory)
        ignored = own.ignored(HERE, "alice")
        for time in range(times):
            ready.wait()
            address = Address(f"c{client}-{time}.example")
            own.remember(address, "alice")
            own.keep_addresses(Server(address, (address, A)), A)
            ignored.add(f"bob{client}-{time}")
            if time % 2:
                own.forget(Address(f"c{client}-{time - 1}.example"))

    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(write, client) for client in range(clients)]:
            done.result()
    kept = {f"c{client}-{time}.example:6697" for client in range(clients) for time in range(times)}
    kept = {text for text in kept if int(text.partition(".")[0][-1]) % 2}
    content = json.loads((settings.directory / "servers.json").read_text())
    assert set(content["accounts"]) == kept
    assert set(content["addresses"]) == kept
    assert set(content["reached"]) == kept
    assert len(settings.ignored(HERE, "alice").names) == clients * times


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


# -- servers with several addresses

A, B, C, D = (Address(f"{letter}.example") for letter in "abcd")


def test_a_server_keeps_its_addresses(settings: SettingsDirectory) -> None:
    """Under the one by which it is known, in their order, with the one that was reached last."""
    settings.remember(A, "alice")
    settings.keep_addresses(Server(A, (A, B, C)), C)
    again = SettingsDirectory(settings.directory)
    assert again.server([A]) == Server(A, (A, B, C), C)
    [known] = again.known()
    assert known.everywhere == "alice@a.example:6697,b.example:6697,c.example:6697"
    assert known.target == "alice@a.example:6697"


def test_of_one_address_nothing_is_kept_beside_it(settings: SettingsDirectory) -> None:
    """Nor does a link with one, as of older servers, take the others away."""
    settings.keep_addresses(Server(A, (A,)), A)
    assert not settings.directory.exists()
    settings.keep_addresses(Server(A, (A, B)), A)
    settings.keep_addresses(Server(A, (A,)), A)
    assert settings.further(A) == (B,)


def test_those_that_are_named_take_the_place_of_those_that_were_kept(
    settings: SettingsDirectory,
) -> None:
    """A server may have other nodes by now."""
    settings.keep_addresses(Server(A, (A, B)), B)
    assert settings.server([A, C]) == Server(A, (A, C), B)
    settings.keep_addresses(settings.server([A, C]), C)
    assert settings.server([A]) == Server(A, (A, C), C)


def test_a_server_is_the_one_that_is_known_among_its_addresses(settings: SettingsDirectory) -> None:
    """Each node makes links in which it stands first itself."""
    settings.save_pin(B, "pem")
    assert settings.server([A, B, C]) == Server(B, (A, B, C))
    assert settings.server([A, C]) == Server(A, (A, C))


def test_a_further_address_is_no_name_of_the_server(settings: SettingsDirectory) -> None:
    """Whoever makes a link could else have any name lead to a server of their own."""
    settings.save_pin(A, "pem")
    settings.keep_addresses(Server(A, (A, B)))
    assert settings.server([B]) == Server(B, (B,))
    assert settings.trusted(B) is None


def test_what_is_forgotten_is_forgotten_with_its_addresses(settings: SettingsDirectory) -> None:
    """In whatever spelling."""
    settings.remember(A, "alice")
    settings.keep_addresses(Server(A, (A, B)), B, (C,))
    settings.forget(Address("A.Example."))
    assert settings.server([A]) == Server(A, (A,))


def logged_in(
    settings: SettingsDirectory, *named: Address, at: Address, told: tuple[Address, ...] = ()
) -> tuple[Address, ...]:
    """A login; the addresses at which the next one looks, which names the first."""
    settings.keep_addresses(settings.server(named), at, told)
    return settings.server([A]).addresses


def test_what_a_server_tells_is_kept_with_its_account(settings: SettingsDirectory) -> None:
    """Who came by one address has all of them from then on, under that one."""
    settings.remember(A, "alice")
    assert logged_in(settings, A, at=A, told=(A, B, C)) == (A, B, C)
    assert SettingsDirectory(settings.directory).server([A]) == Server(A, (A, B, C), A, (B, C))
    [known] = settings.known()
    assert known.everywhere == "alice@a.example:6697,b.example:6697,c.example:6697"
    assert settings.trusted(B) is None
    assert settings.server([B]).addresses == (B,)


def test_what_a_server_tells_takes_the_place_of_what_it_told(settings: SettingsDirectory) -> None:
    """Also of the same in a link that was used meanwhile: a node that is no more goes. One that
    tells nothing has one address now.
    """
    logged_in(settings, A, at=A, told=(A, B, C))
    assert logged_in(settings, A, B, C, at=A, told=(A, B, D)) == (A, B, D, C)  # named just now
    assert logged_in(settings, A, at=A, told=(A, B, C)) == (A, B, C)
    assert logged_in(settings, A, at=A, told=(A, D)) == (A, D)
    assert logged_in(settings, A, at=A) == (A,)


def test_what_somebody_has_named_stays(settings: SettingsDirectory) -> None:
    """A tunnel, or the name that the machine has at home, of which the server knows nothing."""
    assert logged_in(settings, A, B, at=B, told=(C, D)) == (A, C, D, B)
    assert logged_in(settings, A, at=B, told=(D,)) == (A, D, B)
    assert logged_in(settings, A, at=B) == (A, B)
    many = tuple(Address(f"n{number}.example") for number in range(MOST_ADDRESSES))
    assert logged_in(settings, A, at=B, told=many) == (A, *many[:-1])
    assert logged_in(settings, A, at=B, told=(C,)) == (A, C, B)


def test_where_it_was_found_stays(settings: SettingsDirectory) -> None:
    """A node of an older version, or with a shorter list, tells less than the others."""
    logged_in(settings, A, at=A, told=(A, B, C))
    assert logged_in(settings, A, at=B) == (A, B)
    assert settings.server([A]).first == B


def test_each_node_begins_with_itself(settings: SettingsDirectory) -> None:
    """The same in another order writes nothing: several clients of an account keep one list."""
    logged_in(settings, A, at=A, told=(A, B, C))
    file = settings.directory / "servers.json"
    before = file.read_text()
    assert logged_in(settings, A, at=A, told=(C, A, B)) == (A, B, C)
    assert file.read_text() == before


def test_who_was_not_asked_has_told_nothing(settings: SettingsDirectory) -> None:
    """As with an account that is made, before its welcome, or an authority that is pinned."""
    logged_in(settings, A, at=A, told=(A, B, C))
    settings.keep_addresses(settings.server([A]))
    assert settings.server([A]) == Server(A, (A, B, C), A, (B, C))


def test_two_clients_keep_their_lists_in_one_file(settings: SettingsDirectory) -> None:
    """Each server has its own."""
    settings.save_pin(D, "pem")
    logged_in(settings, A, at=A, told=(A, B))
    settings.keep_addresses(settings.server([D]), D, (D, C))
    assert settings.server([A]).addresses == (A, B)
    assert settings.server([D]).addresses == (D, C)


@pytest.mark.parametrize("name", ["addresses", "told"])
@pytest.mark.parametrize("kept", ["7", '{"a.example:6697": "b"}', "[]"])
def test_damaged_addresses_are_told(settings: SettingsDirectory, kept: str, name: str) -> None:
    """With the file's name."""
    settings.save_pin(A, "pem")
    (settings.directory / "servers.json").write_text(f'{{"{name}": {kept}}}')
    (settings.directory / "servers.json").chmod(0o600)
    with pytest.raises(SettingsError, match=rf'servers\.json: expected "{name}"'):
        settings.server([A])


def test_what_is_no_address_among_them_is_passed_over(settings: SettingsDirectory) -> None:
    """And what is more than a server may have."""
    settings.save_pin(A, "pem")
    many = [f"n{number}.example" for number in range(20)]
    kept = {"addresses": {"a.example:6697": ["a b", 7, "a.example", *many]}, "reached": {}}
    (settings.directory / "servers.json").write_text(json.dumps(kept))
    (settings.directory / "servers.json").chmod(0o600)
    assert len(settings.server([A]).addresses) == MOST_ADDRESSES
