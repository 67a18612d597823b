"""The systemd units that `securechat-server install-service` writes: texts only, nothing is done.

What each setting is for: systemd.exec(5). `systemd-analyze security securechat` weighs them.
"""

from __future__ import annotations

from collections.abc import Sequence

USER = "securechat"
"""The system's user that a server of the whole machine runs as."""

STATE = "/var/lib/securechat"
"""Its data directory, which systemd makes (StateDirectory) with mode 0700."""

LEAST_FREE_PORT = 1024
"""Ports below are root's, and those of who has CAP_NET_BIND_SERVICE."""

BIND = "CAP_NET_BIND_SERVICE"

SYSUSERS = f"""\
# The user that the securechat server runs as. systemd-sysusers makes it.
u {USER} - "securechat server" {STATE}
"""

_UNIT = """\
# Written by `securechat-server install-service`. To change it: systemctl {user}edit securechat
[Unit]
Description=securechat, a chat server for a team's private talk
Documentation=man:securechat-server(1)
# However long its database can't be reached: it is tried again and again.
StartLimitIntervalSec=0
{after}
[Service]
# The server says when it is ready, when it reads its configuration again, and that it is alive.
Type=notify
NotifyAccess=main
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
# The first start prints a link with which the first account is made. It is a secret, and more
# people read the journal than may have it. The server's log is on standard error.
StandardOutput=null
# Not after an orderly end, as that of a node that was taken out of service.
Restart=on-failure
RestartSec=2
# A new version may first have to bring a large database up to date.
TimeoutStartSec=15min
TimeoutStopSec=60
WatchdogSec=5min
# A connection is an open file.
LimitNOFILE=65536
UMask=0077
{where}
# It needs no more than its directory, the network and what Python, SQLite and OpenSSL ask for.
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
{sandbox}
[Install]
WantedBy={target}
"""

_WHERE = f"""\
User={USER}
Group={USER}
StateDirectory=securechat
StateDirectoryMode=0700
"""

# Only systemd of the whole machine can do these.
_SANDBOX = """\
CapabilityBoundingSet={capability}
{ambient}DevicePolicy=closed
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers={private_users}
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
"""


def system_unit(command: Sequence[str], port: int, data: str | None = None) -> str:
    """A unit for the whole machine. command: the server's words. port: below 1024 it gets the one
    capability that this takes, and no other. data: its directory, where it isn't STATE.
    """
    where = _WHERE if data is None else f"{_WHERE}ReadWritePaths={command_line([data])}\n"
    low = 0 < port < LEAST_FREE_PORT
    sandbox = _SANDBOX.format(
        capability=BIND if low else "",
        ambient=f"AmbientCapabilities={BIND}\n" if low else "",
        # A capability of a user namespace is none over the machine's ports.
        private_users="no" if low else "yes",
    )
    return _UNIT.format(
        user="",
        # Before the network is up a server that listens on one address of it can't start.
        after="After=network-online.target\nWants=network-online.target\n",
        command=command_line(command),
        where=where,
        sandbox=sandbox,
        target="multi-user.target",
    )


def user_unit(command: Sequence[str]) -> str:
    """A unit for one person's own systemd, which has no privileges to give away."""
    return _UNIT.format(
        user="--user ",
        after="",
        command=command_line(command),
        where="",
        sandbox="",
        target="default.target",
    )


def command_line(words: Sequence[str]) -> str:
    """Words as ExecStart= takes them (systemd.service(5)). Raises ValueError for one with a control
    character, which could end the line.
    """
    return " ".join(map(_word, words))


def _word(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{text!r} has a control character")
    # Specifiers and variables are replaced in quotes too.
    text = text.replace("%", "%%").replace("$", "$$")
    if text and not set(text) & set(" \"'\\;"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
