"""What the source of the app says about errors, read from its syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

BACKEND = Path(__file__).parents[2] / "backend"


def raised_names() -> dict[str, list[str]]:
    """Each class that a `raise` statement names, with the places (`file:line`) where."""
    found: dict[str, list[str]] = {}
    for place, node in _nodes():
        if isinstance(node, ast.Raise) and node.exc is not None and (name := _name(node.exc)):
            found.setdefault(name, []).append(f"{place}:{node.lineno}")
    return found


def used_names() -> set[str]:
    """Each class that is called, or raised without a call: those that can come to a person."""
    calls = {_name(node) for _, node in _nodes() if isinstance(node, ast.Call)}
    return {name for name in calls if name} | set(raised_names())


def _nodes() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(BACKEND.rglob("*.py")):
        if path.name != "exceptions.py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                yield str(path.relative_to(BACKEND)), node


def _name(expression: ast.expr) -> str | None:
    """The last part of the class that is called or named; None for a variable."""
    target = expression.func if isinstance(expression, ast.Call) else expression
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    return name if name[:1].isupper() else None
