"""What the nodes of a cluster must have in common, looked at when one of them starts.

Pure: what stands in the database, and what its clock says, is passed in. A fault that would let
nodes work against each other is a ClusterError; what is only unwise is returned, for the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from securechat.common.fingerprints import grouped

WARN_SECONDS = 2.0
"""People see times that differ by so much."""

MOST_SECONDS = 30.0
"""The codes of second factors change in so many seconds."""

AGREED = {
    "name": "server.name",
    "network": "server.network",
    "lobby": "server.lobby",
}
"""What each node must have as the others do: under which key the database remembers it, and where
it is configured. Clients would take the same people and rooms for others.
"""

AUTHORITY = "ca_sha256"
"""Under this key it remembers the certificate authority that clients trust, '' for a public one."""

ALIKE = {
    "registration": "accounts.registration",
    "bcrypt_cost": "accounts.bcrypt_cost",
    "min_password_length": "accounts.min_password_length",
    "keep_days": "history.keep_days",
}
"""The same, of what a reload changes: nodes may differ in it for a while, and not for long."""


class ClusterError(Exception):
    """A node can't run beside the others; the text says what was expected, what came, and what to
    do.
    """


def check_agreement(
    ours: Mapping[str, str], theirs: Mapping[str, str], others: Sequence[str]
) -> list[str]:
    """ours: what this node's start would have the database remember. theirs: what it remembers.
    others: the nodes that run, and by which it does; without any there is nothing to agree on.

    Returns warnings. Raises ClusterError.
    """
    if not others:
        return []
    running = ", ".join(others)
    for key, where in AGREED.items():
        found, expected = ours[key], theirs.get(key, ours[key])
        if found != expected:
            raise ClusterError(
                f"{where}: expected {expected!r}, as the nodes that run have it ({running}), got "
                f"{found!r}: write that into the configuration; or, to change it, end all nodes "
                "first, and start each with the new one"
            )
    _check_authority(ours[AUTHORITY], theirs.get(AUTHORITY, ours[AUTHORITY]), running)
    return [
        f"{where} is {ours[key]} here, and {theirs[key]} at the nodes that run ({running}): have "
        "the same in all configurations, and reload them"
        for key, where in ALIKE.items()
        if key in ours and theirs.get(key, ours[key]) != ours[key]
    ]


def _check_authority(found: str, expected: str, running: str) -> None:
    if found != expected:
        raise ClusterError(
            f"expected a certificate of the authority that the nodes which run have ({running}): "
            f"{_shown(expected)}; got one of another: {_shown(found)}. Who trusts the one is "
            "refused by the other. Have this node made by `securechat-admin nodes prepare`, or "
            "name a certificate of that authority as cert in [tls]"
        )


def _shown(pin: str) -> str:
    return f"SHA-256 {grouped(pin)}" if pin else "a public one"


def check_pepper_id(ours: str | None, theirs: str | None, others: Sequence[str]) -> None:
    """Fingerprints: of this node's pepper, None where it has none, and of the one that belongs to
    the database, None for a new one. others: the nodes that run; without any it is told as of a
    server that is alone. Raises ClusterError.
    """
    if not others or ours == theirs or theirs is None:
        return
    raise ClusterError(
        f"expected the pepper that the nodes which run have ({', '.join(others)}), got "
        f"{'no pepper' if ours is None else 'another one'}: no password would be right. Begin with "
        "an empty data directory, by `securechat-server --join` and what `securechat-admin nodes "
        "prepare` writes at another node"
    )


def check_format(found: int, ours: int, others: Mapping[str, str]) -> None:
    """found: the format that the database has. ours: the one of this program. others: the nodes
    that run, each with its version of securechat. Raises ClusterError.
    """
    if (
        found == ours or not others
    ):  # alone it brings an older one to its own, or says that it can't
        return
    running = ", ".join(f"{node}: {version}" for node, version in others.items())
    if found > ours:
        raise ClusterError(
            f"expected a database of format {ours}, got one of format {found}: the nodes that run "
            f"are of a newer securechat ({running}). Install that version here"
        )
    raise ClusterError(
        f"expected a database of format {ours}, got one of format {found}, which nodes of an older "
        f"securechat use ({running}). Install their version here; or end them all, start this one, "
        "which brings the database to its format, and install this version for each of them"
    )


def check_form(found: Mapping[str, int], ours: int, others: Mapping[str, str]) -> None:
    """found: in which form the nodes that run tell each other what they do. ours: the one of this
    program. others: as of check_format(). Raises ClusterError.
    """
    different = [node for node, form in found.items() if form != ours]
    if different:
        form = found[different[0]]
        running = ", ".join(f"{node}: {others[node]}" for node in different)
        raise ClusterError(
            f"expected nodes that tell each other what they do in form {ours}, got form {form} "
            f"({running}): one of the two would not know what the other does. Install one version "
            "of securechat everywhere: end them all, and start each with it"
        )


def check_clock(before: float, database: float, after: float) -> str:
    """Compare this machine's clock with the database's, in seconds since 1970 (UTC). before, after:
    what it showed when the database was asked, and when it had answered with its own time.

    Returns a warning, or ''. Raises ClusterError.
    """
    # What the way there and back may have taken is no fault of a clock.
    ahead, behind = max(0.0, before - database), max(0.0, database - after)
    off = ahead - behind
    if abs(off) < WARN_SECONDS:
        return ""
    if abs(off) >= MOST_SECONDS:
        raise ClusterError(
            f"expected this machine's clock to be at most {MOST_SECONDS:.0f} seconds off that of "
            f"the database, which all nodes go by; it is off by {off:+.0f} seconds. Set it right, "
            "by NTP for example (`timedatectl set-ntp true`), and start this node again"
        )
    return (
        f"this machine's clock is off by {off:+.0f} seconds from that of the database, which all "
        "nodes go by: set it right, by NTP for example (`timedatectl set-ntp true`)"
    )


def check_standby(database: str, *, is_alone: bool) -> None:
    """is_alone: no standby confirms what is stored there, and nobody has said that it is meant so.

    Raises ClusterError.
    """
    if is_alone:
        raise ClusterError(
            f"expected a synchronous standby of {database}, as all nodes rely on its disk, and "
            "there is none: who loses its machine loses messages that were acknowledged. Set "
            "synchronous_standby_names there, or, if that is wanted, single = true in [store]"
        )
