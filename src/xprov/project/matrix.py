"""The combinations of a GitHub workflow's matrix (GitHub's documentation, "Running variations of jobs")."""

from __future__ import annotations

import itertools
import math
import re
from typing import TYPE_CHECKING, TypeAlias

from xprov.project.yamlfile import Scalar, entries, scalars

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xprov.project.yamlfile import Node

Value: TypeAlias = "str | list[Value] | dict[str, Value]"
Combination: TypeAlias = "dict[str, Value]"

_INCLUDE, _EXCLUDE = "include", "exclude"
_MOST = 256
"""GitHub makes no more jobs of a matrix."""
_REFERENCE = re.compile(r"\$\{\{\s*matrix\.(?P<path>[\w-]+(?:\.[\w-]+)*)\s*\}\}")


def combinations(matrix: Node | None) -> tuple[Combination, ...]:
    """Return the combinations that are written out, none where an expression decides which there are."""
    parts = entries(matrix)
    lists = {name: values for name, node in parts.items() if isinstance(values := _plain(node), list)}
    decides = (node for name, node in parts.items() if name != _INCLUDE)
    if len(lists) < len(parts) or any("${{" in scalar.text for node in decides for scalar in scalars(node)):
        return ()
    included, excluded = _mappings(lists.pop(_INCLUDE, [])), _mappings(lists.pop(_EXCLUDE, []))
    compared = (str(_of(entry, lists)) for entry in included)
    if math.prod(len(values) for values in lists.values()) > _MOST or any("${{" in text for text in compared):
        return ()
    products = itertools.product(*lists.values()) if lists else ()
    crossed = (dict(zip(lists, values, strict=True)) for values in products)
    kept = [combination for combination in crossed if not any(_has(combination, entry) for entry in excluded)]
    return tuple(_with_included(kept, included))


def substitute(text: str, combination: Mapping[str, Value]) -> str:
    """Return `text` with the values of a combination; what it has none for is empty, as GitHub has it."""
    return _REFERENCE.sub(lambda match: _shown(_at(combination, match["path"]), match[0]), text)


def mentions(texts: Iterable[str]) -> bool:
    """Return whether one of `texts` asks for a value of the matrix."""
    return any(_REFERENCE.search(text) for text in texts)


def _with_included(kept: list[Combination], included: list[Combination]) -> list[Combination]:
    """Return combinations with those that `include` adds to, or adds: no value of the lists is ever replaced."""
    whole, added = [dict(combination) for combination in kept], []
    for entry in included:
        fitting = [more for own, more in zip(kept, whole, strict=True) if _has(own, _of(entry, own))]
        for more in fitting:
            more.update(entry)
        if not fitting:
            added.append(dict(entry))
    return [*whole, *added]


def _of(entry: Combination, own: Iterable[str]) -> Combination:
    return {name: value for name, value in entry.items() if name in own}


def _has(combination: Combination, entry: Combination) -> bool:
    return all(name in combination and combination[name] == value for name, value in entry.items())


def _mappings(values: list[Value]) -> list[Combination]:
    return [value for value in values if isinstance(value, dict)]


def _at(combination: Mapping[str, Value], path: str) -> Value:
    value: Value = dict(combination)
    for name in path.split("."):
        value = value.get(name, "") if isinstance(value, dict) else ""
    return value


def _shown(value: Value, otherwise: str) -> str:
    return value if isinstance(value, str) else otherwise


def _plain(node: Node) -> Value:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, list):
        return [_plain(item) for item in node]
    return {name: _plain(item) for name, item in node.items()}
