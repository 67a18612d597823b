"""The authorities that this system's programs trust, as its distribution keeps them.

curl, GNOME Web and others look there; Chromium and Firefox on Linux don't.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from securechat.client.stores.authority import Authority
from securechat.client.stores.outcome import Outcome, Run, State, as_command, call, last_line
from securechat.common.files import write_new
from securechat.common.language import _
from securechat.common.record import Record

READABLE: Final = 0o644


class Distribution(Record):
    """directory: of the authorities that were added. suffix: of a file there. update: what has
    programs see them. forget: what has them no longer see one whose file is gone, where that is
    another command. hooks: directory of programs that read what has come and gone, as
    update-ca-certificates(8) of Debian has it; Java's store is kept by one.
    """

    directory: Path
    suffix: str
    update: Sequence[str]
    forget: Sequence[str] = ()
    hooks: Path | None = None

    def forgetting(self, name: str) -> list[Sequence[str]]:
        """The commands, after the file of this name is gone."""
        commands = [self.forget or self.update]
        for hook in sorted(self.hooks.glob("*")) if self.hooks is not None else ():
            if os.access(hook, os.X_OK):
                # Nobody else tells them: the command looks only at what there is.
                told = f"echo -/etc/ssl/certs/{name}.pem | {shlex.quote(str(hook))}"
                commands.append(("sh", "-c", told))
        return commands


KNOWN: Final = (
    Distribution(
        Path("/etc/pki/ca-trust/source/anchors"), ".pem", ("update-ca-trust", "extract")
    ),  # Fedora and its kin
    Distribution(
        Path("/usr/local/share/ca-certificates"),
        ".crt",
        ("update-ca-certificates",),
        ("update-ca-certificates", "--fresh"),  # else links to the file stay
        Path("/etc/ca-certificates/update.d"),
    ),  # Debian and its kin
    Distribution(
        Path("/etc/ca-certificates/trust-source/anchors"), ".pem", ("update-ca-trust",)
    ),  # Arch
    Distribution(Path("/etc/pki/trust/anchors"), ".pem", ("update-ca-certificates",)),  # SUSE
)


class SystemStore:
    """is_root: whether we may change it, else it is told how. run: calls programs."""

    def __init__(
        self,
        known: Sequence[Distribution] = KNOWN,
        run: Run = call,
        *,
        is_root: bool | None = None,
    ) -> None:
        found = [one for one in known if one.directory.is_dir() and shutil.which(one.update[0])]
        self._distribution = found[0] if found else None
        self._run = run
        self._is_root = os.access("/etc", os.W_OK) if is_root is None else is_root

    def put(self, authority: Authority, kept: Path) -> Outcome | None:
        """Have the system trust an authority; None where it has no such store. kept: a file with
        its PEM text.
        """
        if self._distribution is None:
            return None
        target, place = self._target(self._distribution, authority), _place(self._distribution)
        if target.exists():
            return self._found(target, authority, place, _("trusts it already"))
        update = self._distribution.update
        if not self._is_root:
            install = ["install", "-m", f"{READABLE:o}", str(kept), str(target)]
            return _by_root(place, [install, update])
        try:
            write_new(target, authority.pem.encode(), READABLE)
            outcome = self._updated(place, [update], _("trusts it now"))
            if outcome.state is State.FAILED:  # the next attempt is to find what there was before
                target.unlink()
        except OSError as error:
            return Outcome(place, State.FAILED, f"{target}: {error.strerror}")
        return outcome

    def take(self, authority: Authority) -> Outcome | None:
        """Have it trust it no longer, if that was our doing."""
        if self._distribution is None:
            return None
        target, place = self._target(self._distribution, authority), _place(self._distribution)
        if not target.exists():
            return Outcome(place, State.SAME, _("doesn't have it"))
        found = self._found(target, authority, place, "")
        if found.state is State.LEFT:
            return found
        forgetting = self._distribution.forgetting(authority.name)
        if not self._is_root:
            return _by_root(place, [["rm", str(target)], *forgetting])
        try:
            target.unlink()
            outcome = self._updated(place, forgetting, _("trusts it no longer"))
            if outcome.state is State.FAILED:
                write_new(target, authority.pem.encode(), READABLE)
        except OSError as error:
            return Outcome(place, State.FAILED, f"{target}: {error.strerror}")
        return outcome

    def _target(self, distribution: Distribution, authority: Authority) -> Path:
        return distribution.directory / f"{authority.name}{distribution.suffix}"

    def _found(self, target: Path, authority: Authority, place: str, text: str) -> Outcome:
        try:
            ours = target.read_text("ascii", "replace") == authority.pem
        except OSError:
            ours = False
        if ours:
            return Outcome(place, State.SAME, text)
        text = _("{file} is none of ours, and is left as it is").format(file=target)
        return Outcome(place, State.LEFT, text)

    def _updated(self, place: str, commands: Sequence[Sequence[str]], text: str) -> Outcome:
        for command in commands:
            try:
                done = self._run(*command)
            except OSError as error:
                return Outcome(place, State.FAILED, f"{command[0]}: {error.strerror}")
            if done.returncode != 0:
                return Outcome(place, State.FAILED, f"{command[0]}: {last_line(done)}")
        return Outcome(place, State.DONE, text)


def _place(distribution: Distribution) -> str:
    return _("this system ({directory})").format(directory=distribution.directory)


def _by_root(place: str, commands: Sequence[Sequence[str]]) -> Outcome:
    text = _("only root may change it: {command}").format(command=as_command(commands))
    return Outcome(place, State.WAITS, text)
