"""The picture of the threads: who they are and what passes between them.

What they do stands in a table here, as no program reads that out of the source. Their names, their
files and the classes of their queues are looked up there, so a new thread must be put in here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from houselib import svg, syntax
from houselib.imports import modules
from houselib.svg import LINE, PAD, Box


class ThreadTableError(Exception):
    """The table doesn't fit the source; the text says what differs."""


THREADS = "common/threads.py"
BASES = frozenset({"NamedThread", "BackgroundThread"})
"""Of the classes of threads; they stand in that file, and are no threads themselves."""


@dataclass(frozen=True, slots=True)
class Place:
    """names: what the source calls the thread, a number in it as '*'; none for what is no thread.
    file: where it gets its name. column, row: where the box stands; it takes so many of both.
    """

    title: str
    names: tuple[str, ...]
    file: str
    says: str
    column: int
    row: int
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Passage:
    """What goes from one place to another, by their titles. holder: the class that keeps it."""

    start: str
    end: str
    says: str
    holder: str


PLACES = (
    Place(
        "accept",
        ("accept",),
        "net/listener.py",
        "takes connections in, or refuses them, and gives each to an I/O thread",
        0,
        0,
    ),
    Place(
        "guard",
        ("guard",),
        "net/guard.py",
        "hangs up on a peer that holds an I/O thread fast",
        0,
        1,
    ),
    Place(
        "io-*",
        ("io-*",),
        "net/loop.py",
        "TLS handshakes, decrypting, lines out of bytes, the rate of each connection, writing. "
        "A connection stays with one of them for life",
        *(1, 0, 1, 2),
    ),
    Place(
        "hub",
        ("hub",),
        "server/hub.py",
        "the only owner of the chat's state. For each batch of input: it runs the rules, stores "
        "what follows in one commit, and only then hands the output on",
        *(2, 0, 1, 2),
    ),
    Place(
        "the pools of workers",
        ("password", "history", "search", "administration"),
        "server/workers.py",
        "password_*: bcrypt, which lets go of the interpreter meanwhile; history_*: reading what "
        "was said; search_*: searching in it; administration_*: what administrators ask for",
        *(3, 0, 1, 2),
    ),
    Place(
        "main", (), "server/cli.py", "starts and ends the others; waits for signals, failures", 0, 2
    ),
    Place(
        "checkpointer",
        ("checkpointer",),
        "server/checkpointer.py",
        "beside the hub, so that no commit has to wait for it",
        *(1, 2),
    ),
    Place(
        "retention",
        ("retention",),
        "server/retention.py",
        "erases what is older than it may be, in short batches between the hub's commits",
        *(0, 4),
    ),
    Place(
        "the database (no thread)",
        (),
        "store/sqlite/database.py",
        "SQLite with a write-ahead log, flushed at each commit; each thread has its own connection",
        *(2, 2, 2, 1),
    ),
    Place(
        "indexer",
        ("indexer",),
        "server/indexer.py",
        "keeps the index for searching, a database of its own, up with the log",
        *(3, 3),
    ),
    Place(
        "metrics",
        ("metrics",),
        "server/metrics_listener.py",
        "tells Prometheus what the others count, a thread for each request",
        *(2, 3),
    ),
    Place(
        "reconnect",
        ("reconnect",),
        "store/postgres/database.py",
        "makes a connection to PostgreSQL that was lost anew, so that the hub needn't wait for it",
        *(3, 5),
    ),
    Place(
        "turn waker",
        ("turn waker",),
        "server/node_threads.py",
        "of a node: hears when another one has done something, and wakes the hub",
        *(0, 5),
    ),
    Place(
        "fence",
        ("fence",),
        "server/node_threads.py",
        "of a node: ends it when the others can't have heard of it for some seconds",
        *(0, 6),
    ),
    Place(
        "standby watch",
        ("standby watch",),
        "server/standby_watch.py",
        "with PostgreSQL: says it when everything waits because no standby confirms what is stored",
        *(3, 6),
    ),
    Place(
        "log",
        ("log",),
        "server/logs.py",
        "writes the lines that all the others log, so that none of them waits",
        0,
        3,
    ),
    Place(
        "receiver",
        ("receiver",),
        "client/wire/receiver.py",
        "in the client: owns session and socket; the prompt runs in its main thread",
        *(1, 3),
    ),
    Place(
        "listener",
        ("listener",),
        "client/wire/mailbox.py",
        "in the client: hands events to what shows them, and may wait for a terminal",
        *(1, 4),
    ),
    Place(
        "keyring",
        ("keyring",),
        "client/credentials/keyrings.py",
        "in the client: asks the system's keyring, which may wait for its user",
        *(2, 4),
    ),
    Place(
        "import_*",
        ("import",),
        "admin/importing.py",
        "in securechat-admin: bcrypt for many new users at once",
        *(3, 4),
    ),
    Place(
        "page-*",
        ("page-*",),
        "client/open/visits.py",
        "in the client, while the page is open: one for each connection of the browser, whose "
        "requests it answers, or whose lines it passes on to the server and back",
        *(1, 5, 1, 1),
    ),
    Place(
        "browser",
        ("browser",),
        "client/open/browser.py",
        "in the client: starts the browser, which some do not return from",
        *(2, 5),
    ),
)

PASSAGES = (
    Passage("accept", "io-*", "connections", "IoThread"),
    Passage("receiver", "listener", "events", "Mailbox"),
    Passage("guard", "io-*", "looks, hangs up", "Guard"),
    Passage("io-*", "hub", "lines and ends", "Inbox"),
    Passage("hub", "io-*", "bytes, closings", "IoThread"),
    Passage("hub", "the pools of workers", "passwords", "PasswordQueue"),
    Passage("hub", "the pools of workers", "replays to read", "ReadingQueue"),
    Passage("the pools of workers", "hub", "answers", "Inbox"),
    Passage("hub", "the database (no thread)", "commits", "Journal"),
    Passage("the pools of workers", "the database (no thread)", "reads", "Reader"),
    Passage("indexer", "the database (no thread)", "reads", "SearchIndex"),
    Passage("checkpointer", "the database (no thread)", "folds in the log", "Checkpointer"),
)

WIDTH, HEIGHT, ACROSS, DOWN, MARGIN = 214, 102, 128, 44, 14
"""Of a box that takes one column and one row, and between two of them."""

THREAD_FILL, OTHER_FILL = "#fdeccf", "#e6e9ec"


def named_threads(root: Path) -> dict[str, str]:
    """The names that the source gives its threads, and the file of each. Raises ThreadTableError
    for a thread without a name that can be read there.
    """
    found = {}
    for path in sorted(modules(root).values()):
        file = path.relative_to(root).as_posix()
        for name in _names(path.read_text(encoding="utf-8"), file):
            found[name] = file
    return found


@lru_cache(maxsize=2048)
def _names(text: str, file: str) -> list[str]:
    return list(_names_below(ast.parse(text), file))


@lru_cache(maxsize=2048)
def _classes(text: str) -> set[str]:
    found = syntax.statements(ast.parse(text))
    return {node.name for node in found if isinstance(node, ast.ClassDef)}


def _names_below(parsed: ast.AST, file: str) -> Iterator[str]:
    for node in ast.walk(parsed):
        if isinstance(node, ast.Call):
            yield from _name_in_call(node, file)
        elif isinstance(node, ast.ClassDef) and file != THREADS and _is_thread(node):
            yield _name_of_class(node, file)


def _is_thread(node: ast.ClassDef) -> bool:
    return not BASES.isdisjoint(map(ast.unparse, node.bases))


def _name_in_call(node: ast.Call, file: str) -> Iterator[str]:
    """Of a thread or a pool of threads that is made right there."""
    made = getattr(node.func, "attr", getattr(node.func, "id", ""))
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if made == "ThreadPoolExecutor":
        prefix = given.get("thread_name_prefix") or next(iter(node.args[1:2]), None)
        yield _readable(prefix, f"{file}:{node.lineno}: a pool of threads")
    elif made == "Thread" and file != THREADS:
        yield _readable(given.get("name"), f"{file}:{node.lineno}: a thread")


def _name_of_class(node: ast.ClassDef, file: str) -> str:
    """What one of BASES is handed by the class below it."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("__init__"):
            for argument in call.args:
                if isinstance(argument, ast.Constant | ast.JoinedStr):
                    return _readable(argument, f"{file}: {node.name}")
    return _readable(None, f"{file}: {node.name}")


def _readable(name: ast.expr | None, where: str) -> str:
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return name.value
    if isinstance(name, ast.JoinedStr):
        parts = [one.value if isinstance(one, ast.Constant) else "*" for one in name.values]
        return "".join(map(str, parts))
    raise ThreadTableError(f"{where} has no name in the source; give it one for who debugs it")


def check(root: Path, places: Sequence[Place], passages: Sequence[Passage]) -> None:
    """Raises ThreadTableError when the source has other threads, files or queues than the table."""
    named = named_threads(root)
    drawn = {name: place.file for place in places for name in place.names}
    faults = [f"{name} in {file}" for name, file in named.items() if drawn.get(name) != file]
    if faults:
        raise ThreadTableError(f"not in PLACES of tools/houselib/threads.py: {', '.join(faults)}")
    gone = [name for name in drawn if name not in named]
    gone += [place.file for place in places if not (root / place.file).is_file()]
    texts = (path.read_text(encoding="utf-8") for path in modules(root).values())
    classes: set[str] = set().union(*map(_classes, texts))
    gone += [passage.holder for passage in passages if passage.holder not in classes]
    if gone:
        raise ThreadTableError(
            f"no longer in the source, but in tools/houselib/threads.py: {', '.join(gone)}"
        )


def draw(root: Path) -> str:
    """The picture. Raises ThreadTableError or OSError."""
    check(root, PLACES, PASSAGES)
    boxes = {place.title: _box(place) for place in PLACES}
    parts: list[str] = []
    for place in PLACES:
        parts += _place(place, boxes[place.title])
    for number, passage in enumerate(PASSAGES):
        parts += _passage(passage, number, boxes)
    width = max(box.right for box in boxes.values()) + MARGIN
    height = max(box.bottom for box in boxes.values()) + MARGIN
    title = "The threads of securechat, and what passes between them"
    return svg.document(width, height, title, parts)


def _box(place: Place) -> Box:
    return Box(
        MARGIN + place.column * (WIDTH + ACROSS),
        MARGIN + place.row * (HEIGHT + DOWN),
        place.columns * (WIDTH + ACROSS) - ACROSS,
        place.rows * (HEIGHT + DOWN) - DOWN,
    )


def _place(place: Place, box: Box) -> Iterator[str]:
    yield svg.rectangle(box, THREAD_FILL if place.names or place.title == "main" else OTHER_FILL)
    x, y = box.x + PAD, box.y + PAD + 10
    yield svg.text(x, y, place.title, kind="name")
    yield svg.text(x, y + LINE, place.file, kind="small")
    for number, line in enumerate(svg.lines_of(place.says, box.width - PAD)):
        yield svg.text(x, y + (number + 2) * LINE + 2, line)


def _passage(passage: Passage, number: int, boxes: Mapping[str, Box]) -> Iterator[str]:
    """An arrow, with what passes above it and who keeps it below."""
    start, end = boxes[passage.start], boxes[passage.end]
    ends = {passage.start, passage.end}
    between = [one for one in PASSAGES if {one.start, one.end} == ends]
    place = between.index(PASSAGES[number])
    if start.y < end.bottom and end.y < start.bottom:
        lower = min(start, end, key=lambda box: box.height)
        y = lower.down(place, len(between))
        there, here = (start.x, end.right) if end.x < start.x else (start.right, end.x)
        yield svg.arrow((there, y), (here, y))
        middle = (there + here) / 2
        yield svg.text(middle, y - 6, passage.says, kind="on-line", anchor="middle")
        yield svg.text(middle, y + 14, passage.holder, kind="on-line", anchor="middle")
    else:
        x = start.along(place, len(between))
        upper, lower = (start, end) if start.y < end.y else (end, start)
        there, here = upper.bottom, lower.y
        yield svg.arrow(
            (x, there if upper is start else here), (x, here if upper is start else there)
        )
        middle = (there + here) / 2 + 4
        yield svg.text(x + 8, middle, f"{passage.says}: {passage.holder}", kind="on-line")
