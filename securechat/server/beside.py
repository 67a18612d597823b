"""Whether a node may begin beside those that run, by what the database tells of them."""

from __future__ import annotations

import json
from pathlib import Path

from securechat.core.nodes import encoding
from securechat.server.agreement import (
    check_agreement,
    check_clock,
    check_form,
    check_format,
    check_pepper_id,
    check_standby,
)
from securechat.server.config import Config
from securechat.server.data import DataDirectory
from securechat.server.identity import Identity
from securechat.server.settings import remembered_facts
from securechat.store.database import FORMAT
from securechat.store.pepper import PEPPER_ID, load_pepper


def check_beside(config: Config, data: DataDirectory, identity: Identity) -> list[str]:
    """Warnings. Nothing is changed, and a server that is no node is beside nobody. Raises
    ClusterError, StoreError.
    """
    location = data.location
    if not config.cluster.node or isinstance(location, Path):
        return []
    # Only now, as psycopg is needed for it.
    from securechat.store.postgres.nodes import look_around

    found = look_around(location)
    check_standby(str(location), is_alone=found.is_alone and not config.store.single)
    # A row of its own name is of its last start.
    others = {
        node.name: str(json.loads(node.facts).get("version"))
        for node in found.nodes
        if node.name != config.cluster.node
    }
    check_format(found.format, FORMAT, others)
    forms = {node.name: json.loads(node.facts).get("form", 1) for node in found.nodes}
    check_form({name: forms[name] for name in others}, encoding.VERSION, others)
    pepper = load_pepper(data.pepper).fingerprint() if data.pepper.exists() else None
    check_pepper_id(pepper, found.facts.get(PEPPER_ID), [*others])
    # Ports are each node's own.
    ours = remembered_facts(config, identity, 0, 0)
    warnings = check_agreement(ours, found.facts, [*others])
    return [*warnings, *filter(None, [check_clock(*found.clock)])]


def check_place(config: Config, data: DataDirectory) -> None:
    """Whether another server has the place that one would begin at. Nothing is changed. Raises
    StoreError.
    """
    location = data.location
    if isinstance(location, Path):  # then it is the directory's
        return
    from securechat.store.postgres import node_connection

    node_connection.check_place(location, config.cluster.node)
