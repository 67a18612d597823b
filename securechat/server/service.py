"""The whole server: its parts, made in order, started, and stopped in the opposite order."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from securechat import __version__
from securechat.common.threads import BackgroundThread
from securechat.core.administration.requests import DONE, Request
from securechat.core.channels.channels import like_lobby
from securechat.core.jobs import Answer
from securechat.core.model import address_bans
from securechat.core.quota import MIB
from securechat.core.rules import Rules
from securechat.core.settings import Settings
from securechat.net.admission import Admission
from securechat.net.guard import Guard
from securechat.net.listener import Listener
from securechat.net.loop import Callbacks, IoThread
from securechat.net.proxy_header import TrustedProxies
from securechat.server.beside import check_beside
from securechat.server.checkpointer import Checkpointer
from securechat.server.commit import MustEndError
from securechat.server.config import Config
from securechat.server.data import DataDirectory, DataError
from securechat.server.hub import Hub, NewSettings
from securechat.server.identity import (
    Identity,
    find_identity,
    names_to_ask,
    public_host,
    public_port,
    server_name,
)
from securechat.server.inbox import WAKE, Stop
from securechat.server.indexer import Indexer
from securechat.server.leaving import Leaving
from securechat.server.listening import Bound, Openings, bind_listeners
from securechat.server.loading import load_model
from securechat.server.metrics import Watched
from securechat.server.metrics_listener import MetricsListener
from securechat.server.reloading import reloaded
from securechat.server.retention import Retention
from securechat.server.settings import (
    admission_limits,
    config_warnings,
    io_limits,
    policy_since,
    remembered_facts,
    rules_settings,
    wanted_database,
)
from securechat.server.standby_watch import StandbyWatch
from securechat.server.status import Status
from securechat.server.storage_health import Space
from securechat.server.workers import Workers
from securechat.store.admin import APPLIED
from securechat.store.pepper import Pepper, find_pepper
from securechat.store.postgres.location import PostgresLocation
from securechat.store.sql.journal import Journal
from securechat.store.sql.mending import mend
from securechat.store.sql.reader import Reader

if TYPE_CHECKING:  # they need PostgreSQL's driver, which comes with an extra
    from securechat.server.nodes import Nodes
    from securechat.store.postgres.node_journal import NodeJournal

log = logging.getLogger(__name__)

SWITCH_SECONDS = 0.0005
"""How long a thread keeps the interpreter while another one waits: shorter than Python's 5 ms, so
that a long turn of the hub does not hold up reading and writing."""

STOP_SECONDS = 8.0

POLICY = "policy"
"""Under this key the database has what policy_since() gave."""

HUNG_SECONDS = 30.0
"""A turn takes milliseconds. A slow disk can hold one up for seconds, which is no reason to end."""


@dataclass
class Service:
    """config, data: what to run on. on_failure: called when a thread of the server has died and
    the process must end. on_node: called when this node is to leave the others, to stay after all,
    or has nobody left: then leaving tells which, and follow_nodes() is due. of_process: what takes
    an administrator's requests about the process, by their kinds; see Requests. opening: what the
    database is opened within, where it and a standby may be waited for. Everything else is made by
    start(). Main thread.
    """

    config: Config
    data: DataDirectory
    on_failure: Callable[[], None] = lambda: None
    on_node: Callable[[], None] = lambda: None
    of_process: Mapping[str, Callable[[Request], object]] = field(default_factory=dict)
    opening: Callable[[], AbstractContextManager[None]] = nullcontext
    identity: Identity = field(init=False)
    addresses: list[tuple[str, int]] = field(init=False, default_factory=list)
    web_addresses: list[tuple[str, int]] = field(init=False, default_factory=list)
    failed: threading.Event = field(init=False, default_factory=threading.Event)
    metrics: MetricsListener | None = field(init=False, default=None)
    leaving: Leaving | None = field(init=False, default=None)

    is_first: bool = field(init=False, default=True)
    """Whether no other node was there when it began."""

    _is_closed: bool = field(init=False, default=False)
    _started_ms: int = field(init=False, default=0)
    _node_journal: NodeJournal | None = field(init=False, default=None)
    _nodes: Nodes | None = field(init=False, default=None)
    _node_threads: list[BackgroundThread] = field(init=False, default_factory=list)
    _standby_watch: StandbyWatch | None = field(init=False, default=None)

    def start(self) -> None:
        """Everything up to accepting connections.

        Raises DataError, CaError, TlsFilesError, StoreError, ListenError; then nothing runs.
        """
        # Before any thread is there.
        sys.setswitchinterval(SWITCH_SECONDS)
        self.data.create()
        self.data.choose(wanted_database(self.config), self.config.cluster.node)
        self.data.check_files()
        # Before the database is opened: a second server must not even migrate it.
        self.data.lock()
        try:
            self._start()
        except BaseException:
            self.data.unlock()
            raise

    def _start(self) -> None:
        self._started_ms = int(time.time() * 1000)
        self.identity = find_identity(self.config, self.data)
        self._openings = Openings(self.config, self.identity)
        # Bound before the database is opened, so that a port in use is told at once; nobody is
        # accepted before the listener runs. Who comes waits for that, but at a node is refused, and
        # goes to another one: of a balancer's look it would be up, and it may wait for a standby.
        self._know(bind_listeners(self.config, Bound(), listens=not self.data.node))
        try:
            with self.opening():
                # Before it is opened to write: it would be brought to this one's format.
                for warning in check_beside(self.config, self.data, self.identity):
                    log.warning("%s", warning)
                self.metrics = self._open_metrics()
                self._watch_standby()
                pepper, rules, changed = self._open()
            self._bound.listen()
        except BaseException:
            self._bound.close_new(Bound())
            if self._standby_watch is not None:
                self._standby_watch.stop()
            if self.metrics is not None:
                self.metrics.close()
            raise
        self._workers = self._make_workers(pepper)
        self._hub = self._make_hub(rules, changed)
        if self._nodes is not None:
            self.leaving = Leaving(rules, lambda: self.on_node())
            self._hub.join_nodes(self._nodes, self.leaving)
        self._make_network()
        self.watched = self._watch(rules)
        self._status = Status(self.watched, self._started_ms, lambda: self.addresses, self.warnings)
        self._hub.every_second = self._status.look
        self._checkpointer = Checkpointer(
            self.data.location,
            lambda: self._journal.commit_count,
            lambda: self._journal.erasure_count,
            self._thread_failed,
        )
        self._retention = Retention(
            self.data.location,
            self.config.history.keep_days,
            self._thread_failed,
            is_due=lambda: rules.counts_usage,
        )
        self._indexer = Indexer(
            self.data.search_index,
            self.data.location,
            self.config.limits.free_disk_mib * MIB,
            self._thread_failed,
        )
        # The hub comes before those who fill its inbox.
        self._hub.serve(self._io)
        # The listener comes after those who serve what it accepts.
        beside = (self._checkpointer, self._retention, self._indexer, *self._node_threads)
        for thread in [*self._io, self._guard, self._listener, *beside]:
            thread.start()
        if self.metrics is not None:
            self.metrics.serve(self.watched)
        _tame_garbage_collection()

    def _watch_standby(self) -> None:
        """Before anything is stored, which may wait for one."""
        location = self.data.location
        if isinstance(location, PostgresLocation):
            self._standby_watch = StandbyWatch(location, self._thread_failed)
            self._standby_watch.start()

    def _open(self) -> tuple[Pepper, Rules, int]:
        """The pepper, and what _load() returns."""
        pepper = find_pepper(self.data.location, self.data.pepper)
        return pepper, *self._load(pepper)

    def _load(self, pepper: Pepper) -> tuple[Rules, int]:
        """Open the database, put it in order, and make the rules from it. Returns them, and the
        newest of the administrator's changes that are in them.
        """
        self._journal = self._open_journal(pepper)
        # Only now, as an url that leads nowhere is mended in the configuration alone.
        self.data.keep_choice()
        if self._standby_watch is not None:
            self._standby_watch.is_alone = self._journal.connection.lacks_standby()
        # Other nodes may be answering them, and rely on what the tables have in them.
        self.is_first = self._node_journal is None or self._node_journal.is_first
        if self.is_first:  # whoever asked before has given up, or asks again
            self._journal.forget_requests()
        # Before the reader, as securechat-admin may ask for it at once.
        reader = Reader(self._journal.connection)
        self._facts = self._new_facts(reader.remembered(POLICY))
        for key, value in self._facts.items():
            self._journal.remember(key, value)
        # Before it is loaded: the rules rely on what the tables promise.
        if self.is_first:
            mend(self._journal.connection)
        applied = self._node_journal.begin_loading() if self._node_journal is not None else 0
        changed = reader.last_change()  # before the rest, so that none is overlooked
        rules = Rules(load_model(reader, pepper), self._settings(), pepper)
        if self._node_journal is not None:
            if not self.is_first:  # what they haven't taken up yet any of them does, be it this one
                changed = int(reader.remembered(APPLIED) or changed)
            self._join(self._node_journal, rules, applied)
        self._kept = rules.model.kept
        _check_lobby(rules)
        return rules, changed

    def _open_journal(self, pepper: Pepper) -> Journal:
        location = self.data.location
        self._node_journal = None
        if not self.data.node or isinstance(location, Path):
            return Journal(location, pepper)
        from securechat.server import nodes
        from securechat.store.postgres.node_journal import NodeJournal

        facts = nodes.facts_of(__version__, self._shown_address())
        self._node_journal = NodeJournal(location, pepper, self.data.node, facts)
        return self._node_journal

    def _shown_address(self) -> str:
        """Where clients reach this node."""
        host, port = public_host(self.config), public_port(self.config, self.addresses[0][1])
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def _join(self, journal: NodeJournal, rules: Rules, applied: int) -> None:
        """Be one of the nodes, in the state that is being read."""
        from securechat.server.node_threads import Fence, TurnWaker
        from securechat.server.nodes import Nodes

        nodes = Nodes(rules, journal, applied, self.data.node)
        nodes.load(rules.turn(self._started_ms, time.monotonic()))
        journal.abandon()
        self._nodes = nodes
        location = self.data.location
        if isinstance(location, PostgresLocation):
            self._node_threads = [
                TurnWaker(location, lambda: self._hub.inbox.put(WAKE), self._thread_failed),
                Fence(lambda: nodes.heard_at, self._cut, self._thread_failed),
            ]

    def _cut(self) -> None:
        """End all connections at once, whatever the hub does. Any thread."""
        self._listener.stop()
        for io in self._io:
            io.stop()

    def _make_workers(self, pepper: Pepper) -> Workers:
        accounts = self.config.accounts
        return Workers(
            self.data.location,
            pepper,
            cost=accounts.bcrypt_cost,
            server_name=server_name(self.config),
            search_index=self.data.search_index,
            min_password_length=accounts.min_password_length,
            answer=self._answer,
            failed=self._thread_failed,
        )

    def _make_hub(self, rules: Rules, changed: int) -> Hub:
        limits = self.config.limits
        hub = Hub(
            rules,
            self._journal,
            self._workers.submit,
            self._thread_failed,
            changed,
            rate=io_limits(limits).rate,
            space=Space(
                *self.data.files,
                free_bytes=limits.free_disk_mib * MIB,
                most_bytes=limits.database_mib * MIB,
                unused=self._journal.unused_bytes,
                elsewhere=self._bytes_elsewhere,
            ),
            of_process={**self.of_process, "status": self._tell_status},
            node=self.data.node,
        )
        if self._standby_watch is not None:
            watch = self._standby_watch
            watch.gone_on_at = lambda: hub.last_tick
            hub.stalls.unconfirmed_at = lambda: watch.unconfirmed_at
        return hub

    def _bytes_elsewhere(self) -> int:
        """What the log's database takes where it is none of the directory's files. Hub thread."""
        in_file = isinstance(self.data.location, Path)
        return 0 if in_file else self._journal.size_bytes()

    def _make_network(self) -> None:
        """What lies between the sockets and the hub: admission, I/O threads, listener, guard."""
        limits = self.config.limits
        self._admission = Admission(**admission_limits(limits), banned=self._why_banned)
        call = Callbacks(
            handle=self._hub.inbox.put_inputs,
            behind=self._hub.inbox.behind,
            served=self._admission.mark_served,
            authenticated=self._admission.mark_authenticated,
            released=self._admission.release,
            failed=self._thread_failed,
        )
        self._io = [
            IoThread(number, io_limits(limits), call) for number in range(limits.io_threads)
        ]
        endpoints = self._openings.endpoints(self.config, self._bound)
        self._listener = Listener(endpoints, self._io, self._admission, self._thread_failed)
        self._listener.proxies = TrustedProxies(self.config.listen.proxies)
        self._guard = Guard(self._io, self._admission.bar, self._thread_failed)

    def _new_facts(self, policy: str | None) -> dict[str, str]:
        """What the database is to remember. policy: what it has of that."""
        web_port = self.web_addresses[0][1] if self.web_addresses else 0
        facts = remembered_facts(self.config, self.identity, self.addresses[0][1], web_port)
        return {**facts, POLICY: policy_since(policy, self.config, int(time.time() * 1000))}

    def _why_banned(self, address: str) -> str | None:
        """Any thread. A ban holds from the moment that the rules know of it."""
        bans = address_bans.address_bans(self._kept.get(address_bans.KEY))
        ban = bans.find(address, time.time_ns() // 1_000_000)
        return f"{ban.network} is banned" if ban is not None else None

    def _open_metrics(self) -> MetricsListener | None:
        metrics = self.config.metrics
        if metrics.address is None:
            return None
        return MetricsListener(metrics.address, metrics.is_exposed, self._thread_failed)

    def _watch(self, rules: Rules) -> Watched:
        return Watched(
            model=rules.model,
            counters=self._hub.counters,
            inbox=self._hub.inbox,
            workers=self._workers,
            storage_health=self._hub.storage_health,
            io=self._io,
            admission=self._admission,
            listener=self._listener,
            data=self.data,
            identity=lambda: self.identity,
            node=lambda: self._nodes.view if self._nodes is not None else None,
            is_leaving=lambda: self.leaving is not None and self.leaving.is_on,
            failed=self.failed.is_set,
            has_turns=lambda: self.has_turns,
        )

    def _settings(self) -> Settings:
        policy, port = self._facts[POLICY], self.addresses[0][1]
        return rules_settings(self.config, self._started_ms, policy, port)

    def _answer(self, answer: Answer) -> None:
        self._hub.inbox.put(answer)

    def _thread_failed(self, error: BaseException) -> None:
        if isinstance(error, MustEndError):  # no bug
            log.critical("the server must end: %s", error)
        else:
            # Not the error's repr: it may quote what it failed at.
            name = type(error).__name__
            log.critical("a thread has died of %s, so the server stops", name, exc_info=error)
        # First the sign, then the call: who is woken looks at it.
        self.failed.set()
        self.on_failure()

    def reload(self, config: Config | None = None) -> None:
        """Read certificate, key and client CA again; who is connected stays connected.

        config: a new one, of which that takes effect which reloaded() takes over. Raises CaError,
        TlsFilesError or ListenError, and then all stays as it was.
        """
        new = reloaded(self.config, config) if config is not None else self.config
        bound = self._bound
        moved = (new.listen, new.web) != (self.config.listen, self.config.web)
        moved = moved and not self._is_closed  # a node that stays after all listens as it is then
        if moved:
            bound = bind_listeners(new, self._bound)
        try:
            identity = find_identity(new, self.data)
            openings = Openings(new, identity)
            endpoints = self._openings.endpoints(new, bound)
        except BaseException:
            bound.close_new(self._bound)
            raise
        # From here on nothing can fail: it is all or nothing.
        changed = new != self.config
        self.identity, self.config = identity, new
        # Only for handshakes to come; those that are there keep the context that they began with.
        self._openings.use(openings)
        # First, as nobody may be taken for a balancer's client, nor the other way round.
        self._listener.proxies = TrustedProxies(new.listen.proxies)
        if moved:
            self._listener.listen(endpoints)
            self._know(bound)
        facts = self._new_facts(self._facts[POLICY])
        if changed or facts != self._facts:
            self._take_up(facts)

    def follow_nodes(self) -> None:
        """Accept nobody while this node is leaving the others, and again where it is to stay after
        all. Raises ListenError.
        """
        if self.leaving is None or self.leaving.is_on == self._is_closed:
            return
        if self.leaving.is_on:
            self._bound = Bound()
            self._listener.listen({})
        else:
            bound = bind_listeners(self.config, Bound())
            self._listener.listen(self._openings.endpoints(self.config, bound))
            self._know(bound)
        self._is_closed = self.leaving.is_on

    @property
    def has_others(self) -> bool:
        """Whether there are other nodes, to which people can go. Any thread."""
        return self._nodes is not None and self._nodes.view.others_up > 0

    def _tell_status(self, asked: Request) -> None:
        """Hub thread."""
        self.answer(asked.number, {DONE: self._status.told()})

    def warnings(self) -> list[str]:
        return [*self.identity.warnings, *config_warnings(self.config), *self._of_the_store()]

    def _of_the_store(self) -> list[str]:
        watch = self._standby_watch
        if watch is None or not watch.is_alone or self.config.store.single:
            return []
        return [
            f"{self.data.location} has no synchronous standby: who loses its machine loses "
            "messages that were acknowledged. Set synchronous_standby_names there, or, if that is "
            "wanted, single = true in [store]"
        ]

    def answer(self, number: int, found: Mapping[str, object]) -> None:
        """Answer a request that of_process was given; see Requests."""
        self._hub.requests.answer(number, found)

    def note(self, event: str, actor: str, **facts: str) -> None:
        """Have the audit know of it."""
        self._hub.note(event, actor, facts)

    def _take_up(self, facts: dict[str, str]) -> None:
        """Have all parts go on with the configuration that there is now."""
        before, self._facts = self._facts, facts
        config, limits = self.config, self.config.limits
        self._admission.change(**admission_limits(limits))
        for io in self._io:
            io.take_limits(io_limits(limits))
        self._workers.change(
            cost=config.accounts.bcrypt_cost,
            min_password_length=config.accounts.min_password_length,
        )
        self._retention.keep_days = config.history.keep_days
        self._indexer.free_bytes = limits.free_disk_mib * MIB
        self._hub.take_up(
            NewSettings(
                self._settings(),
                io_limits(limits).rate,
                limits.free_disk_mib * MIB,
                limits.database_mib * MIB,
                {key: value for key, value in facts.items() if value != before.get(key)},
            )
        )

    def _know(self, bound: Bound) -> None:
        self._bound = bound
        self.addresses = [sock.getsockname()[:2] for sock in bound.chat.values()]
        self.web_addresses = [sock.getsockname()[:2] for sock in bound.web.values()]

    @property
    def misses_a_name(self) -> bool:
        """Whether the server's own certificate could be for a name or address that this machine has
        got since it was looked at. Cheap: nothing is read.
        """
        identity = self.identity
        # Of a certificate that was given, nobody but its owner can make another one.
        asked = identity.wanted
        return identity.ca_file is not None and names_to_ask(self.config, self.data) != asked

    @property
    def has_turns(self) -> bool:
        """Whether the hub goes on: it has had a turn within HUNG_SECONDS. Any thread."""
        return time.monotonic() - self._hub.last_tick < HUNG_SECONDS

    def stop(self, reason: str) -> None:
        """Accept nobody, tell everybody, store what was accepted, end all threads."""
        if self.metrics is not None:
            self.metrics.close()
        # Nobody comes any more; then the hub says the end and stores it; then that is written out.
        self._listener.stop()
        self._checkpointer.stop()
        self._retention.stop()
        self._indexer.stop()
        for thread in (self._listener, self._checkpointer, self._retention, self._indexer):
            thread.join(STOP_SECONDS)
        # Behind all that the I/O threads have put there, so that it is done first.
        self._hub.inbox.put(Stop(reason))
        self._hub.join(STOP_SECONDS)
        for beside in filter(None, [self._standby_watch, *self._node_threads]):
            beside.stop()
            beside.join(STOP_SECONDS)
        for io in self._io:
            io.stop()
        for io in self._io:
            io.join(STOP_SECONDS)
        self._guard.stop()
        self._guard.join(STOP_SECONDS)
        # After the hub, which gives them work until its end.
        self._workers.stop()
        self.data.unlock()


def _check_lobby(rules: Rules) -> None:
    """Raises DataError when nobody could tell the lobby from a channel that there is."""
    name = rules.settings.lobby
    alike = like_lobby(rules.model, name) if name is not None else None
    if alike is not None:
        raise DataError(
            f"lobby in [server] is {name}, which looks like the channel {alike.name} that there "
            f'is: write lobby = "{alike.name}", or choose a name that can\'t be mixed up with it'
        )


def _tame_garbage_collection() -> None:
    """What was loaded stays, so it needn't be looked through again and again; and what a turn makes
    is freed by reference counts. Python's own thresholds cost a seventh of the CPU time in a test
    with a hundred busy channels.
    """
    gc.collect()
    # All accounts and channels: a full collection would walk over each of them.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
