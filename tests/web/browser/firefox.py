"""Firefox of this machine, driven by WebDriver BiDi over a WebSocket: what Playwright can't, as it
knows only a Firefox of its own.

https://w3c.github.io/webdriver-bidi/
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from websockets.sync.client import connect

from securechat.client.stores.authority import constrained
from securechat.client.stores.nss import Database, Nss
from securechat.client.stores.outcome import State
from tests.support.links import PATIENCE
from tests.web.browser.people import VIOLATIONS
from tests.web.conftest import skip_without

PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.newtabpage.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.ipc.processCount": 1,
    "dom.ipc.processPrelaunch.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "intl.accept_languages": "en-GB",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.allow_bypass": False,
    "network.proxy.failover_direct": False,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.type": 1,
    "toolkit.telemetry.enabled": False,
}
"""It has one process for pages, and asks nobody outside of this machine: what it wants of its
makers goes to a proxy that isn't there.
"""

EVENTS = ("log.entryAdded", "network.beforeRequestSent", "browsingContext.userPromptOpened")

ENTER = "\ue007"
"""As it is typed: https://w3c.github.io/webdriver/#keyboard-actions"""

FOUND = """
(css, text, count, patience) => new Promise((done) => {
    const until = performance.now() + patience;
    const named = (one) => (one.ariaLabel ?? one.textContent).includes(text);
    const look = () => {
        const found = [...document.querySelectorAll(css)].filter(
            (one) => named(one) && one.checkVisibility());
        if (count === null ? found.length : found.length === count) done(found[0] ?? null);
        else if (performance.now() < until) setTimeout(look, 10);
        else done(`${found.length} of ${css} with "${text}" in: ${document.body.innerText}`);
    };
    look();
})
"""
"""The first element of a selector whose name or text has a text in it, once it is there."""


def firefox() -> str:
    """Where Firefox is, or the test is skipped."""
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    if found is None:
        skip_without("Firefox isn't installed (Debian: apt-get install firefox-esr)")
    if shutil.which("certutil") is None:
        skip_without("certutil isn't installed (Debian: apt-get install libnss3-tools)")
    return str(found)


class Firefox:
    """A process with a profile of its own, and a session in it.

    troubles: what went wrong that nobody should see. hosts: which pages have asked.
    """

    def __init__(self, profile: Path, authority: bytes) -> None:
        """authority: DER of one that its profile trusts, as by `securechat trust browsers`."""
        put = Nss(profile.parent).put(Database("Firefox", profile), constrained(authority))
        assert put.state is State.DONE, put.text
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in PREFERENCES.items()
        ]
        (profile / "user.js").write_text("".join(lines))
        self._process = subprocess.Popen(
            [firefox(), "--headless", "--remote-debugging-port", "0", "--profile", profile],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._closing = contextlib.ExitStack()
        self._closing.callback(self._ends)
        try:
            address = self._listens(profile / "WebDriverBiDiServer.json")
            self._socket = self._closing.enter_context(
                connect(address, max_size=None, proxy=None, compression=None)
            )
        except BaseException:
            self.close()
            raise
        self._number = 0
        self.troubles: list[str] = []
        self.hosts: set[str] = set()
        self.asks("session.new", capabilities={})
        self.asks("session.subscribe", events=[*EVENTS])
        declared = f"() => {{ {VIOLATIONS} }}"
        self.asks("script.addPreloadScript", functionDeclaration=declared)

    def _listens(self, told: Path) -> str:
        """Where, which it tells by a file once it does."""
        until = time.monotonic() + 4 * PATIENCE
        while not told.is_file() or not (text := told.read_text()).endswith("}"):
            assert self._process.poll() is None, "Firefox has ended"
            assert time.monotonic() < until, "Firefox doesn't listen"
            time.sleep(0.05)
        found = json.loads(text)
        return f"ws://{found['ws_host']}:{found['ws_port']}/session"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """It has nothing to keep."""
        self._closing.close()

    def _ends(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)

    def asks(self, method: str, **params: Any) -> dict[str, Any]:
        """A command, and what it answers; meanwhile takes the events that come."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            said = json.loads(self._socket.recv(timeout=4 * PATIENCE))
            if said.get("id") == self._number:
                assert said["type"] == "success", f"{method}: {said}"
                return dict(said["result"])
            if said["type"] == "event":
                self._hears(said["method"], said["params"])

    def _hears(self, event: str, told: dict[str, Any]) -> None:
        if event == "network.beforeRequestSent":
            scheme, host, *_rest = urlsplit(told["request"]["url"])
            if scheme not in ("about", "data", "blob"):
                self.hosts.add(host)
        elif event == "browsingContext.userPromptOpened":
            self.troubles.append(f"a dialog: {told['message']}")
        elif told["level"] in ("error", "warn"):
            self.troubles.append(told["text"])

    @contextlib.contextmanager
    def person(self, address: str, path: str = "", expected: str = "^$") -> Iterator[Tab]:
        """Somebody new at a page, for the time of a block. path: below its address. expected: a
        pattern of the troubles that a test brings about.
        """
        self.troubles.clear()
        self.hosts.clear()
        user = self.asks("browser.createUserContext")["userContext"]
        opened = self.asks("browsingContext.create", type="tab", userContext=user)
        tab = Tab(self, opened["context"])
        tab.goes(address + path)
        yield tab
        self.asks("browser.removeUserContext", userContext=user)
        troubles = [one for one in self.troubles if not re.search(expected, one)]
        assert troubles == [], troubles
        assert self.hosts == {urlsplit(address).netloc}, self.hosts


class Tab:
    """What somebody does in a tab of Firefox, by its mouse and its keyboard."""

    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser = browser
        self._context = context

    def _asks(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.asks(method, context=self._context, **params)

    def goes(self, address: str) -> None:
        self._asks("browsingContext.navigate", url=address, wait="complete")

    def reloads(self) -> None:
        self._asks("browsingContext.reload", wait="complete")

    def calls(self, function: str, *values: Any) -> dict[str, Any]:
        """What a function of JavaScript returns, or what its promise comes to, as BiDi has it."""
        given = ", ".join(map(json.dumps, values))
        answer = self._browser.asks(
            "script.callFunction",
            functionDeclaration=f"() => ({function})({given})",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return dict(answer["result"])

    def value(self, function: str, *values: Any) -> Any:
        """The same, of what JSON can have."""
        text = self.calls(f"async (...all) => JSON.stringify(await ({function})(...all))", *values)
        return json.loads(text["value"])

    def sees(self, css: str, text: str = "", count: int | None = None) -> Any:
        """Returns when an element is to be seen. css: its selector; text: in what is written there,
        or in its name; count: of such elements.
        """
        found = self.calls(FOUND, css, text, count, PATIENCE * 1000)
        assert found["type"] != "string", found["value"]
        return found

    def clicks(self, css: str, text: str = "") -> None:
        """In its middle, wherever that is on the screen."""
        element = self.sees(css, text)
        origin = {"type": "element", "element": {"sharedId": element["sharedId"]}}
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._acts(type="pointer", id="mouse", actions=steps)

    def types(self, text: str) -> None:
        """Into what has the focus."""
        keys = [{"type": kind, "value": one} for one in text for kind in ("keyDown", "keyUp")]
        self._acts(type="key", id="keyboard", actions=keys)

    def fills(self, label: str, text: str) -> None:
        """A field of a form, by a click on what stands beside it."""
        self.clicks("label", label)
        self.types(text)

    def says(self, text: str) -> None:
        self.clicks("#said")
        self.types(text + ENTER)

    def _acts(self, **source: Any) -> None:
        self._asks("input.performActions", actions=[source])
