"""Roles: which modes give them, and to whom."""

from __future__ import annotations

from securechat.client.session.roles import RoleChange, Roles


def test_the_parameters_of_other_modes_are_passed_over() -> None:
    """Which ones have a parameter the server says; some only when they are set."""
    roles = Roles()
    roles.learn({"PREFIX": "(qov)~@+", "CHANMODES": "b,k,l,imnst"})
    assert list(roles.changes(["+lbno-lk+v", "5", "x!*@*", "bob", "key", "carol"])) == [
        RoleChange("bob", "@", True),
        RoleChange("carol", "+", True),
    ]
    assert list(roles.changes(["-q+h", "alice", "bob"])) == [RoleChange("alice", "~", False)]


def test_what_a_server_says_nonsensically_changes_nothing() -> None:
    """Nor does a mode that lacks its parameter."""
    roles = Roles()
    roles.learn({"PREFIX": "(qo", "CHANMODES": "b"})
    roles.learn({"PREFIX": "(qov)~@"})
    roles.learn({"PREFIX": ""})
    assert roles.prefixes == "~&@%+"
    assert list(roles.changes(["+o"])) == []
    assert list(roles.changes([])) == []


def test_somebody_has_several_roles() -> None:
    """The highest first."""
    roles = Roles()
    assert roles.changed("+", RoleChange("bob", "@", True)) == "@+"
    assert roles.changed("@+", RoleChange("bob", "@", True)) == "@+"
    assert roles.changed("~@+", RoleChange("bob", "@", False)) == "~+"
