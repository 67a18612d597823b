"""Make the pictures of the web client from a real run: docs/web.png and docs/web-phone.png.

    python tools/web_pictures.py          needs the extra web-test, and Chromium
    python tools/web_pictures.py --out DIRECTORY

Exit codes: 0; 1, there is no browser.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.support.client import Client  # noqa: E402
from tests.support.server import ServerUnderTest, running  # noqa: E402
from tests.web.browser.people import PHONE, Person, address_of, expect  # noqa: E402
from tests.web.conftest import FLAGS, chromium  # noqa: E402

KNOWS = "message-tags echo-message"
DESKTOP = {"viewport": {"width": 1100, "height": 620}}

TALK: Sequence[tuple[str, str]] = (
    ("marta", "Good morning! Who opens the lab on Friday?"),
    ("jonas", "I can, until four. The key hangs in the kitchen."),
    ("marta", "Thank you. lena: does the printer work again?"),
    ("aylin", "The list is at https://lab.example/printers, last row."),
    ("jonas", "`lpstat -p` says idle, so it should."),
)
REPLY = "It does, since this morning"


def said(client: Client, *lines: str) -> str:
    """The msgid of the last thing that was said."""
    return str(re.findall(r"msgid=([^; ]+)", client.says(*lines)[-1])[-1])


def talk(server: ServerUnderTest) -> None:
    """What is there before anybody looks."""
    names = ("lena", "marta", "jonas", "aylin", "kurt")
    server.add(*names)
    people = {name: server.member(name, caps=KNOWS) for name in names}
    people["marta"].says(
        "JOIN #lab", "TOPIC #lab :Printers, keys, and who is there when", "JOIN #choir"
    )
    for name in names:
        people[name].says("JOIN #lab", "JOIN #choir", "JOIN #garden")
    people["kurt"].says("AWAY :back on Monday")
    ids = [said(people[name], f"PRIVMSG #lab :{text}") for name, text in TALK]
    people["lena"].says(f"@+draft/reply={ids[2]} PRIVMSG #lab :{REPLY}")
    for name in ("marta", "aylin"):
        people[name].says(f"@+draft/react=♥;+draft/reply={ids[1]} TAGMSG #lab")
    people["aylin"].says("PRIVMSG #choir :lena: can you bring the scores?")
    people["jonas"].says("PRIVMSG #garden :The tomatoes are up", "PRIVMSG lena :Lunch at one?")
    people["lena"].hangs_up()


def draw(browser: Any, server: ServerUnderTest, out: Path) -> None:
    """Both pictures."""
    with Person(browser, address_of(server), **DESKTOP) as lena:
        lena.logs_in("lena").opens("#lab")
        lena.says("And it prints on both sides now.")
        expect(lena.line("both sides")).to_contain_text("on the server's disk")
        lena.page.mouse.move(640, 300)
        lena.page.screenshot(path=out / "web.png")
    with Person(browser, address_of(server), **PHONE, color_scheme="dark") as lena:
        lena.enters("lena")
        lena.picks("#lab")
        expect(lena.line("both sides")).to_be_visible()
        lena.page.mouse.move(0, 0)
        lena.page.screenshot(path=out / "web-phone.png")


@click.command(help=__doc__.partition("\n")[0])
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs")
def main(out: Path) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        running(Path(directory) / "server", web={"host": "127.0.0.1", "port": 0}) as server,
        sync_playwright() as playwright,
    ):
        talk(server)
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        draw(browser, server, out)
        browser.close()


if __name__ == "__main__":
    main()
