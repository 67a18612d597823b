"""Walks over statements alone: what the figures and the pictures look for stands in no expression,
and expressions are most of a syntax tree.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator

BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")
"""Where a node has its statements, in the order of the source."""


def inner(node: ast.AST) -> Iterator[ast.AST]:
    """The statements of a node's blocks, and `except` and `case` with blocks of their own."""
    for name in BLOCKS:
        block = getattr(node, name, None)
        if isinstance(block, list):  # of a lambda it is an expression
            yield from block


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """All below a node in the order of `ast.walk`."""
    todo = deque([node])
    while todo:
        todo.extend(inner(todo[0]))
        yield todo.popleft()
