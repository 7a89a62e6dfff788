"""Whether a dependency is one of a target: cargo's `cfg(...)` expressions.

Sources: The Cargo Book, "Platform specific dependencies"; The Rust Reference, "Conditional compilation". A triple is
compared as it stands. Keys that are not known (a feature of the CPU, a flag of the user's) are taken for not set.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xprov.target import ByteOrder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.target import Target

_TOKEN = re.compile(r'"(?P<text>[^"]*)"|(?P<word>[A-Za-z_]\w*)|(?P<mark>[(),=])')

# What rustc calls the architecture of a triple where that is not its first word (`rustc --print cfg --target`).
_ARCHITECTURES = (
    (re.compile(r"(armv\w*|arm|thumbv\w*)-"), "arm"),
    (re.compile(r"i[3-6]86-"), "x86"),
    (re.compile(r"powerpc64le-"), "powerpc64"),
    (re.compile(r"riscv64gc-"), "riscv64"),
)


def applies(platform: str, target: Target) -> bool:
    """Return whether what stands below `[target.<platform>]` counts for `target`.

    An expression that cannot be read counts: to see too much is better than to miss something.
    """
    if not platform.startswith("cfg("):
        return platform in target.rust_triples
    tokens = _tokens(platform.removeprefix("cfg").strip())
    try:
        return all(_evaluate(tokens, _configuration(target)))
    except (StopIteration, RuntimeError):
        return True


def _configuration(target: Target) -> dict[str, frozenset[str]]:
    libc = "musl" if "musl" in target.rust else "gnu"
    architecture = next(
        (name for pattern, name in _ARCHITECTURES if pattern.match(target.rust)), target.rust.partition("-")[0]
    )
    return {
        "unix": frozenset({""}),
        "target_family": frozenset({"unix"}),
        "target_os": frozenset({"linux"}),
        "target_env": frozenset({libc}),
        "target_arch": frozenset({architecture}),
        "target_pointer_width": frozenset({str(target.elf.bits)}),
        "target_endian": frozenset({"big" if target.elf.order is ByteOrder.BIG else "little"}),
        "target_vendor": frozenset({"unknown"}),
        "panic": frozenset({"unwind"}),
    }


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(text):
        yield match.lastgroup or "", match[match.lastgroup or 0]


def _evaluate(tokens: Iterator[tuple[str, str]], known: dict[str, frozenset[str]]) -> list[bool]:
    """Return what each expression of a list in brackets says, of which the next token is the opening one."""
    next(tokens)
    said: list[bool] = []
    name = ""
    for kind, word in tokens:
        if kind == "word":
            name = word
            if name in {"all", "any", "not"}:
                inner = _evaluate(tokens, known)
                said.append({"all": all(inner), "any": any(inner), "not": not all(inner)}[name])
            else:
                said.append("" in known.get(name, ()))
        elif kind == "text":
            said[-1] = word in known.get(name, ())
        elif word == ")":
            break
    return said
