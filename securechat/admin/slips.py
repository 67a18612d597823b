"""Slips that are handed out, one for each person: how to log in, and the password.

As a page to print (HTML, which needs nothing else) or as text. The files hold passwords: they are
closed to others from their birth, and never written over another file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape as escape_html
from pathlib import Path

import click
import segno

from securechat.common.escape import escape
from securechat.common.files import new_file
from securechat.common.fingerprints import grouped
from securechat.common.language import _
from securechat.credentials.link import LoginLink

QR_BYTES = 213
"""What a QR code of version 10 holds at level M: 57 modules in a row, which a camera tells apart on
paper. A link has as many of a server's addresses as go into that.
"""

WIDTH = 76
"""Characters of a line of the text, but for the link."""


@dataclass(frozen=True, slots=True)
class Slip:
    """One person's. shown: the display name, '' for none. link: names the account."""

    name: str
    shown: str
    password: str = field(repr=False)
    link: LoginLink


@dataclass(frozen=True, slots=True)
class Handout:
    """All slips of a server. page: its address for browsers, '' for none."""

    server: str
    slips: Sequence[Slip]
    page: str = ""


def _instructions(handout: Handout, slip: Slip) -> list[tuple[str, str, str]]:
    """Label, value and kind of each line: text, word (typed exactly), code or digits."""
    link = slip.link
    others = _("server {host}, port {port}, TLS; login by SASL PLAIN")
    others = others.format(host=link.host, port=link.port)
    if link.further:
        more = ", ".join(f"{host} {port}" for host, port in link.further)
        others = _("{server}; also {addresses}").format(server=others, addresses=more)
    lines = [
        (_("Login name"), slip.name, "word"),
        (_("Password"), slip.password, "word"),
        (_("In a terminal"), f"securechat {link}", "code"),
        (_("Other programs"), others, "text"),
    ]
    if handout.page:
        lines.insert(3, (_("In a browser"), handout.page, "code"))
    if link.ca_sha256 is not None:
        lines.append((_("CA (SHA-256)"), grouped(link.ca_sha256), "digits"))
    return lines


# Text


def as_text(handout: Handout) -> str:
    """For mail and for terminals."""
    cut = "- " * (WIDTH // 2 - 4) + "8< - -"
    return f"{cut}\n".join(_text_of(handout, slip) for slip in handout.slips)


def _text_of(handout: Handout, slip: Slip) -> str:
    # A display name may hold what turns a line around.
    title = _("{name}: your account at {server}").format(
        name=escape(slip.shown or slip.name), server=escape(handout.server)
    )
    lines = [f"{label + ':':<16}{value}" for label, value, _kind in _instructions(handout, slip)]
    return "\n".join(["", title, "", *lines, "", _keep(), "", ""])


def _keep() -> str:
    return _("For you alone. To choose another password, when you are in: securechat passwd")


# HTML

# No class for print alone: what is seen on the screen is what comes out of the printer. Only
# horizontal cuts, so that a paper cutter does it. A page of A4 or Letter takes five.
STYLE = """
@page { margin: 11mm 12mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 186mm; color: #000; background: #fff;
  font: 9pt/1.3 system-ui, "Noto Sans", "DejaVu Sans", "Segoe UI", Arial, sans-serif; }
.slip { display: flex; gap: 4mm; align-items: center; padding: 2.5mm 0; min-height: 44mm;
  border-bottom: 1px dashed #777; break-inside: avoid; page-break-inside: avoid; }
.facts { flex: 1; min-width: 0; }
h2 { margin: 0 0 1mm; font-size: 12.5pt; line-height: 1.2; overflow-wrap: anywhere; }
h2 small { font-size: 8.5pt; font-weight: normal; white-space: nowrap; }
dl { display: grid; grid-template-columns: 27mm 1fr; gap: 0.4mm 1.5mm; margin: 0;
  align-items: baseline; }
dt { color: #444; font-size: 8pt; white-space: nowrap; }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; font-size: 8.5pt; }
.word, .code, .digits { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
.word { font-size: 11pt; font-weight: bold; }
.code { font-size: 7.5pt; word-break: break-all; }
.digits { font-size: 7pt; }
p { margin: 1mm 0 0; font-size: 8pt; }
figure { margin: 0; width: 34mm; flex: none; text-align: center; font-size: 7.5pt; }
figure svg { display: block; width: 34mm; height: 34mm; }
"""

# The page asks nobody for anything, and a name that slipped through could not run.
HEAD = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
"""


def as_html(handout: Handout) -> str:
    """A page that holds all it needs."""
    slips = "".join(_html_of(handout, slip) for slip in handout.slips)
    # Of the language code the catalogue itself tells: that of the texts that are in the page.
    head = HEAD.format(language=_("en"), title=_("Login slips"), style=STYLE)
    return f"{head}{slips}</body>\n</html>\n"


def _html_of(handout: Handout, slip: Slip) -> str:
    # <bdi>: a name in Arabic must not turn the line around that it stands in.
    rows = "".join(
        f'<dt>{escape_html(label)}</dt><dd class="{kind}"><bdi>{escape_html(value)}</bdi></dd>\n'
        for label, value, kind in _instructions(handout, slip)
    )
    # A phone's camera opens the page; the link is for a terminal, which has none.
    pointed, caption = str(slip.link.within(QR_BYTES)), _("the login link")
    if handout.page:
        pointed, caption = handout.page, _("the page")
    return (
        f'<section class="slip"><div class="facts">\n'
        f"<h2><bdi>{escape_html(slip.shown or slip.name)}</bdi> "
        f"<small>{escape_html(_('at {server}').format(server=handout.server))}</small></h2>\n"
        f"<dl>\n{rows}</dl>\n<p>{escape_html(_keep())}</p>\n</div>\n"
        f"<figure>{qr_code(pointed)}{escape_html(caption)}</figure>\n"
        f"</section>\n"
    )


def qr_code(text: str) -> str:
    """As an SVG that stands within HTML."""
    code = segno.make(text, error="m", micro=False)
    return code.svg_inline(border=2, omitsize=True)


FORMATS = {".html": as_html, ".txt": as_text}
"""By the end of the file's name."""


# Files


@contextmanager
def written(paths: Sequence[Path], handout: Callable[[], Handout]) -> Iterator[None]:
    """The slips are on the disk while the block runs, and gone again when it fails.

    Raises click.ClickException when a file can't be written.
    """
    made: list[Path] = []
    try:
        for path in paths:
            _write(path, handout(), made)
        yield
    except BaseException:  # Ctrl-C too: the passwords on them are nobody's
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _write(path: Path, handout: Handout, made: list[Path]) -> None:
    content = FORMATS[path.suffix.lower()](handout).encode()
    try:
        with new_file(path) as stream:
            made.append(path)
            stream.write(content)
    except OSError as error:
        raise click.ClickException(
            f"nothing was added: can't write {path}: {error.strerror}"
        ) from None
