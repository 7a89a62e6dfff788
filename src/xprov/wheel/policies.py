"""auditwheel's policies, typed: what machines that a tag promises have. Its tables are read, its program is not run.

`auditwheel/policy/manylinux-policy.json` and `musllinux-policy.json` are data of the package, of the same form since
5.0: a list of tags, each with the libraries that need not be bundled (`lib_whitelist`), the symbol versions of each by
machine (`symbol_versions`), and symbols that are inside of a library (`blacklist`).
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from xprov.glibc import parse_version
from xprov.records import dataclass
from xprov.wheel.names import Family

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprov.glibc import Version
    from xprov.wheel.names import Platform

_FILES = {Family.MANYLINUX: "manylinux-policy.json", Family.MUSLLINUX: "musllinux-policy.json"}

# What musl's loader answers itself, whatever is installed (musl, ldso/dynlink.c, `load_library`), and the name that
# Alpine gives it.
_MUSL = re.compile(r"lib(?:c|pthread|rt|m|dl|util|xnet)\.so(?:\..*)?|libc\.musl-.*\.so\.1|ld-musl-.*\.so\.1")
# The loaders of glibc: a part of it on every machine.
_LOADER = re.compile(r"ld-linux.*\.so\.\d+|ld64\.so\.\d+|ld\.so\.1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What every machine has that a tag is for.

    `libraries` are sonames; `versions` the symbol versions by family (`GLIBCXX`: `3.4`, ...); `inside` the symbols of
    a library that are not of its interface.
    """

    name: str
    version: Version
    family: Family
    libraries: frozenset[str]
    versions: Mapping[str, frozenset[str]]
    inside: Mapping[str, frozenset[str]]

    def has(self, soname: str) -> bool:
        """Return whether the library `soname` need not be in the wheel."""
        if self.family is Family.MUSLLINUX:
            return soname in self.libraries or _MUSL.fullmatch(soname) is not None
        return soname in self.libraries or _LOADER.fullmatch(soname) is not None


@cache
def policies(family: Family, machine: str) -> tuple[Policy, ...]:
    """Return the policies of `family` for `machine`, the oldest first; none where auditwheel knows no such machine."""
    found = [_policy(entry, family, machine) for entry in _table(family) if machine in entry["symbol_versions"]]
    return tuple(sorted(found, key=lambda policy: policy.version))


def policy_for(platform: Platform) -> Policy | None:
    """Return the newest policy that promises no more than `platform`, else the oldest; None where there is none.

    `linux_...` promises nothing: for what a distribution may have, the newest manylinux policy stands.
    """
    if platform.machine is None:
        return None
    if platform.family is Family.LINUX or platform.version is None:
        return next(reversed(policies(Family.MANYLINUX, platform.machine)), None)
    known = policies(platform.family, platform.machine)
    fitting = [policy for policy in known if policy.version <= platform.version]
    return fitting[-1] if fitting else next(iter(known), None)


@cache
def _table(family: Family) -> list[dict[str, Any]]:
    # Of the package alone: `auditwheel.policy` imports an ELF parser.
    text = resources.files("auditwheel").joinpath("policy").joinpath(_FILES[family]).read_text(encoding="utf-8")
    entries: list[dict[str, Any]] = json.loads(text)
    return [entry for entry in entries if entry["name"] != "linux"]


def _policy(entry: Mapping[str, Any], family: Family, machine: str) -> Policy:
    name: str = entry["name"]
    return Policy(
        name=name,
        version=parse_version(name.removeprefix(f"{family.value}_")),
        family=family,
        libraries=frozenset(entry["lib_whitelist"]),
        versions={key: frozenset(versions) for key, versions in entry["symbol_versions"][machine].items()},
        inside={library: frozenset(symbols) for library, symbols in entry["blacklist"].items()},
    )
