"""The process's own limit of open files, of which each connection is one."""

from __future__ import annotations

import resource

SPARE_FILES = 100
"""Files beside the connections: database, log, sockets of our own."""


def allow_files(connections: int, visitors: int = 0) -> str | None:
    """Raise this process's own limit of open files, of which each connection is one, as far as so
    many connections need and the system allows. visitors: connections that load the page.

    Returns a warning when that isn't far enough, else None. Main thread, before anything is opened,
    and when a running server is to have more.
    """
    wanted = connections + visitors + SPARE_FILES
    # The hard limit is the administrator's; a process may raise the soft one up to it.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= wanted:
        return None
    reachable = wanted if hard == unlimited else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
    except OSError:  # as in a sandbox that forbids it
        hard = reachable = soft
    if reachable >= wanted:
        return None
    left = max(0, hard - visitors - SPARE_FILES)
    return (
        f"the system allows {hard} open files, so about {left} connections instead of "
        f"limits.connections = {connections}; raise it with ulimit -Hn or LimitNOFILE"
    )
