"""URLs of databases: whose word is taken for whose."""

from __future__ import annotations

import pytest

from securechat.store.postgres.location import PostgresLocation, UrlError, parse_location

LOCAL = [
    "postgresql://chat@localhost/chat",
    "postgresql://chat@localhost:5433/chat",
    "postgres://127.0.0.1/chat",
    "postgresql://chat@[::1]:5432/chat",
    "postgresql://chat@/chat?host=/run/postgresql",
    "postgresql://chat@%2Frun%2Fpostgresql/chat",
    "postgresql:///chat?host=/a,localhost",
    "postgresql:///chat?host=@abstract",
]
ELSEWHERE = [
    "postgresql://chat@db.example/chat",
    "postgresql://chat@db.example:5432/chat",
    "postgresql://chat@localhost,db.example/chat",
    "postgresql://localhost@db.example/chat",
    "postgresql://localhost.example/chat",
    "postgresql://chat@localhost/chat?host=db.example",
    "postgresql://chat@localhost/chat?hostaddr=192.0.2.7",
    "postgresql://chat@localhost/chat?%68ost=db.example",
    "postgresql://[2001:db8::1]/chat",
    "postgresql://127.0.0.1.example/chat",
    "postgresql:///chat",  # PGHOST, or a file of services, may name one
]


@pytest.mark.parametrize("url", LOCAL)
def test_on_this_machine_nobody_is_between(url: str) -> None:
    """So what libpq does by itself is good enough, and so is what is asked for."""
    assert parse_location(url).is_local
    more = "&" if "?" in url else "?"
    assert parse_location(f"{url}{more}sslmode=disable").is_local


@pytest.mark.parametrize("url", ELSEWHERE)
@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca", "nonsense"])
def test_elsewhere_a_server_proves_who_it_is(url: str, mode: str) -> None:
    """Whatever is asked for."""
    assert not parse_location(url).is_local
    more = "&" if "?" in url else "?"
    assert not parse_location(f"{url}{more}sslmode=verify-full").is_local
    with pytest.raises(
        UrlError, match=f"sslmode={mode} lets anybody on the way pose .*verify-full"
    ):
        parse_location(f"{url}{more}sslmode={mode}")
    with pytest.raises(UrlError, match="lets anybody"):
        parse_location(f"{url}{more}sslmode=verify-full&sslmode={mode}&sslmode=verify-full")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://chat:otter@localhost/chat",
        "postgresql://chat@localhost/chat?password=otter",
        "postgresql://chat@localhost/chat?passw%6Frd=otter",
        "postgresql://chat@localhost/chat?sslpassword=otter",
    ],
)
def test_a_secret_is_not_in_it(url: str) -> None:
    """Nor in what is said of it."""
    with pytest.raises(UrlError, match="name that as password_file") as caught:
        parse_location(url)
    assert "otter" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "chat",
        "mysql://localhost/chat",
        "host=localhost",
        "postgresql://[::1/chat",
        "postgresql://chat@localhost",  # libpq would take the user's name for the database's
        "postgresql://chat@localhost/",
    ],
)
def test_what_is_none(url: str) -> None:
    """It is told what one looks like."""
    with pytest.raises(UrlError, match="expected postgresql://USER@HOST/DATABASE"):
        parse_location(url)


@pytest.mark.parametrize("mark", "# \t\n\\")
def test_what_libpq_reads_otherwise(mark: str) -> None:
    """It would go elsewhere than we have looked."""
    with pytest.raises(UrlError, match="percent-encoding"):
        parse_location(f"postgresql://localhost/chat?a={mark}&host=db.example")


def test_people_are_told_where_it_is() -> None:
    """And not how it is reached."""
    location = PostgresLocation("postgresql://chat@db.example:5433/chat?sslrootcert=/a.pem")
    assert str(location) == "postgresql://chat@db.example:5433/chat"
