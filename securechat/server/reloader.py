"""Has a running server take up its configuration file and certificate again, and tells which
values are in force. Main thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

from securechat.core.administration.requests import FAILED
from securechat.server.commands import FAILURES
from securechat.server.config import Config
from securechat.server.open_files import allow_files
from securechat.server.reloading import KEYS, NEXT_START, differences
from securechat.server.service import Service
from securechat.server.settings import most_visitors

log = logging.getLogger(__name__)


class ReloadError(Exception):
    """Nothing is taken up; the text says why, and where the mistake is."""


class Outcome(NamedTuple):
    """taken, left: the keys that have changed, and those that wait for the next start, each as
    `section.key`. days: until the certificate expires. warnings: what isn't wise.
    """

    taken: list[str]
    left: list[str]
    days: int
    warnings: list[str]


class Reloader:
    """service: what runs. read: the configuration anew, that of the command line included; raises
    ConfigError.
    """

    def __init__(self, service: Service, read: Callable[[], Config]) -> None:
        self._service = service
        self._read = read

    def reload(self, by: str = "-") -> Outcome:
        """All that can be taken up, or nothing. by: who has asked, for the audit; `-` for a signal.
        Raises ReloadError.
        """
        before = self._service.config
        try:
            config = self._read()
        except (*FAILURES, OSError) as error:
            log.error("the configuration stays as it was: %s", error)  # noqa: TRY400
            raise ReloadError(str(error)) from error
        warnings = self._apply(config)
        running = self._service.config
        taken, left = differences(before, running), differences(running, config)
        for key in left:
            log.warning("%s takes effect at the next start: %s", key, NEXT_START[key])
        # Which logs it as well.
        shown = {"changed": ", ".join(taken) or "-", "next_start": ", ".join(left) or "-"}
        self._service.note("configuration reloaded", by, **shown)
        return Outcome(taken, left, self._service.identity.days_left, warnings)

    def in_force(self) -> dict[str, object]:
        """The values that the server runs with, and where the file has others by now.

        Under `values` each has its `key`, `value`, and where it is `from`: a file's path, "the
        command line" or "default"; where a reload would bring another one, or the next start, that
        is `new`. Under `error` is what keeps the file from being read, None if nothing does.
        """
        running, error = self._service.config, None
        try:
            new = self._read()
        except (*FAILURES, OSError) as failure:
            new, error = running, str(failure)
        changed = set(differences(running, new))
        values = []
        for key in KEYS:
            entry = {
                "key": key,
                "value": running.value(key),
                "from": running.origins.get(key, "default"),
            }
            values.append({**entry, "new": new.value(key)} if key in changed else entry)
        return {"values": values, "error": error}

    def reload_certificate(self) -> None:
        """The certificate and what goes with it, and nothing of the configuration. Raises
        ReloadError.
        """
        self._apply(None)

    def _apply(self, config: Config | None) -> list[str]:
        service, connections = self._service, self._service.config.limits.connections
        try:
            service.reload(config)
        except (*FAILURES, OSError) as error:
            log.error("not reloaded, all stays as it was: %s", error)  # noqa: TRY400
            raise ReloadError(str(error)) from error
        except Exception as error:  # a server isn't to end of a reload
            log.exception("a bug: the reload failed")
            raise ReloadError(FAILED) from error
        identity = service.identity
        log.info("certificate reloaded: valid for %d more days", identity.days_left)
        warnings = list(identity.warnings)
        if service.config.limits.connections > connections:
            few_files = allow_files(
                service.config.limits.connections, most_visitors(service.config)
            )
            warnings += [few_files] if few_files else []
        for warning in warnings:
            log.warning("%s", warning)
        return warnings
