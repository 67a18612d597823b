"""What the screen of `securechat-admin status` tells, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from securechat.admin.listing import local_time
from securechat.common.language import _, ngettext, translated

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def status_rows(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each as a name and a text, which is empty where nothing is known. found: see status.look."""
    server = found["server"]
    yield from _of_files(found) if server is None else _of_server(found, server)


def _of_files(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield _("data"), found["data"]
    yield _("certificate"), _days(found["certificate_days_left"])
    yield _("accounts"), f"{found['accounts']:,}"
    yield _("messages"), _("{today} today").format(today=f"{found['messages_today']:,}")
    yield from _stored(found, found["files"], found["disk_free_bytes"])


def _of_server(found: dict[str, Any], server: dict[str, Any]) -> Iterator[tuple[str, str]]:
    figures = {name: _number(value) for name, value in server["figures"].items()}
    since = local_time(server["since_ms"])
    yield (
        _("server"),
        _("securechat {version}, since {date}").format(version=server["version"], date=since),
    )
    yield from _of_node(server.get("node"), figures)
    yield _("addresses"), ", ".join(_address(*address) for address in server["addresses"])
    yield _("certificate"), _days(server["figures"]["certificate_days_left"])
    yield (
        _("people"),
        _("{accounts_online} of {accounts} online, in {sessions} sessions").format(
            accounts=f"{found['accounts']:,}", **figures
        ),
    )
    yield (
        _("connections"),
        _("{connections}, of which {connections_unauthenticated} have not logged in").format(
            **figures
        ),
    )
    yield _("channels"), figures["channels"]
    yield (
        _("messages"),
        _("{today} today, {since_start} since the start, {rate} a minute").format(
            today=f"{found['messages_today']:,}",
            since_start=f"{server['messages']:,}",
            rate=f"{server['messages_a_minute']:,.1f}",
        ),
    )
    yield (
        _("history"),
        _("{entries} entries since the beginning, events included").format(
            entries=f"{server['entries']:,}"
        ),
    )
    yield (
        _("deliveries"),
        _("{rate} lines a second").format(rate=f"{server['lines_a_second']:,.1f}"),
    )
    yield from _of_work(server, figures)
    yield from _stored(
        found, server["figures"]["file_bytes"], server["figures"].get("disk_free_bytes")
    )


def _of_node(name: str | None, figures: dict[str, str]) -> Iterator[tuple[str, str]]:
    if name is not None:
        yield (
            _("node"),
            _(
                "{name}; other nodes that are up: {node_others_up}, with {sessions_elsewhere} "
                "sessions; taken up at once: {node_turns_behind} of their turns"
            ).format(name=name, **figures),
        )


def _of_work(server: dict[str, Any], figures: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield _("turns"), _times(server["hour"]["turn"])
    yield _("storing"), _times(server["hour"]["commit"])
    if server.get("node") is not None:
        yield _("its turn"), _times(server["hour"]["wait"])
    yield (
        _("waiting"),
        _(
            "{hub_queue_lines} lines for the hub, {size} for slow readers, "
            "{passwords_waiting} logins"
        ).format(size=size_shown(server["figures"]["unsent_bytes"]), **figures),
    )
    yield _("refused"), _refused(server["hour"]["refusals"])


def _stored(
    found: dict[str, Any], files: dict[str, float], free: float | None
) -> Iterator[tuple[str, str]]:
    yield (
        _("files"),
        ", ".join(f"{translated(name)} {size_shown(size)}" for name, size in files.items()),
    )
    yield _("disk"), _("{size} free").format(size=size_shown(free)) if free is not None else ""
    last = found["last_backup"]
    at = int(datetime.fromisoformat(last).timestamp() * 1000) if last else None
    yield _("last backup"), local_time(at) if at is not None else _("never")


def _number(value: object) -> str:
    return f"{value:,.0f}" if isinstance(value, (int, float)) else ""


def _address(host: str, port: int) -> str:
    return _("{host} port {port}").format(host=host, port=port)


def _days(left: float | None) -> str:
    if left is None:
        return ""
    days = max(0, int(left))
    return ngettext("{days} day left", "{days} days left", days).format(days=days)


def _times(found: dict[str, float | None]) -> str:
    half, most = found["p50"], found["p99"]
    if half is None or most is None:
        return _("none in the last hour")
    return _("half of them within {half} ms, 99 of a hundred within {most} ms").format(
        half=f"{half * 1000:.1f}", most=f"{most * 1000:.1f}"
    )


def _refused(refusals: dict[str, int]) -> str:
    told = [f"{translated(what)} {count:,}" for what, count in sorted(refusals.items()) if count]
    return _("{what} in the last hour").format(what=", ".join(told) or _("nothing"))


def size_shown(number: float) -> str:
    """Bytes, as people read them."""
    for unit in UNITS[:-1]:
        if number < 1024:
            return f"{number:.{0 if unit == 'B' else 1}f} {translated(unit)}"
        number /= 1024
    return f"{number:.1f} {translated(UNITS[-1])}"
