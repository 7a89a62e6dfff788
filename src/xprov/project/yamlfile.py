"""A YAML file: what it says, every scalar as the text that stands there, and in which line.

The only import of ruamel.yaml, which takes 20 ms: let projects that have such files alone import this. Its node graph
is read, not its values: `on` is a word and `3.10` no number. PyYAML is quicker, and has no wheels for half of the
machines that wheels are built on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.nodes import Node as YamlNode

# Aliases can make a small file a large one.
_MANY_NODES = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Scalar:
    """A text, which begins in `line`; `is_block` is whether it stands below, in lines of its own (`|`, `>`)."""

    text: str
    line: int
    is_block: bool = False

    @property
    def first(self) -> int:
        """The line of its first line of text."""
        return self.line + 1 if self.is_block else self.line


Node: TypeAlias = "Scalar | list[Node] | dict[str, Node]"


def read_yaml(text: str) -> tuple[Node, ...]:
    """Return the documents of a file; none where it is no YAML, which whoever runs it says better."""
    reader = YAML(typ="safe", pure=True)
    # A name that is given twice is another node from there on, as the specification says, and no matter to anyone here.
    reader.composer.warn_double_anchors = False
    try:
        return tuple(_Reading().node(node) for node in reader.compose_all(text))
    except (YAMLError, RecursionError, _TooManyNodesError):
        return ()


def entries(node: Node | None) -> dict[str, Node]:
    """Return the entries of a mapping, none of anything else."""
    return node if isinstance(node, dict) else {}


def scalars(node: Node | None) -> Iterator[Scalar]:
    """Yield every scalar of a node."""
    if isinstance(node, Scalar):
        yield node
    elif node is not None:
        for below in node.values() if isinstance(node, dict) else node:
            yield from scalars(below)


class _TooManyNodesError(Exception):
    pass


class _Reading:
    """A file that is being read; nodes are counted."""

    def __init__(self) -> None:
        self._left = _MANY_NODES

    def node(self, node: YamlNode) -> Node:
        """Return a node of ruamel.yaml's as ours."""
        self._left -= 1
        if self._left < 0:
            raise _TooManyNodesError
        if isinstance(node, SequenceNode):
            return [self.node(item) for item in node.value]
        if isinstance(node, MappingNode):
            return self._mapping(node)
        is_block = isinstance(node, ScalarNode) and node.style in ("|", ">")
        return Scalar(text=str(node.value), line=node.start_mark.line + 1, is_block=is_block)

    def _mapping(self, node: MappingNode) -> dict[str, Node]:
        """Return a mapping, over that which it merges (`<<`: YAML 1.1, GitLab)."""
        merged: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else ""
            if name == "<<":
                merged.update(entries(self.node(value)))
            else:
                own[name] = self.node(value)
        return {**merged, **own}
