"""Why apt refuses, in the user's words: which package conflicts with what."""

import re
from collections.abc import Iterable, Mapping

from xprov.apt.transaction import Transaction
from xprov.records import dataclass

_MISSING = re.compile(
    r"^E: (?:Unable to locate package|Package '?)(?: )?(?P<name>[^\s']+)(?:'? has no .*)?$", re.MULTILINE
)
_UNMET = re.compile(
    r"^ (?P<package>[a-z0-9][a-z0-9+.:-]*) : (?P<first>.+(?:\n {3,}(?:Pre-?)?(?:Depends|Conflicts|Breaks): .+)*)",
    re.MULTILINE,
)
_QUALIFIED = re.compile(r"\b(?P<name>[a-z0-9][a-z0-9+.-]+):(?P<architecture>[a-z0-9]+)\b")
_POLICY = re.compile(
    r"^(?P<package>[a-z0-9][^\n]*):\n  Installed: (?P<installed>\S+)\n  Candidate: (?P<candidate>\S+)$", re.MULTILINE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The versions of one package that apt knows: what is installed, and what it would install. None: none."""

    installed: str | None
    candidate: str | None


def parse_policies(text: str) -> dict[str, Policy]:
    """Return what `apt-cache policy` wrote as `text`, by package name as apt spells it (`name` or `name:arch`)."""
    return {
        found["package"]: Policy(installed=_version(found["installed"]), candidate=_version(found["candidate"]))
        for found in _POLICY.finditer(text)
    }


def foreign_names(text: str, architecture: str) -> tuple[str, ...]:
    """Return the packages of `architecture` that apt's refusal `text` speaks of, without the architecture."""
    names = (found["name"] for found in _QUALIFIED.finditer(text) if found["architecture"] == architecture)
    return tuple(dict.fromkeys(names))


def out_of_step(
    names: Iterable[str], policies: Mapping[str, Policy], architecture: str, others: Mapping[str, str]
) -> tuple[str, ...]:
    """Return a sentence for each package that cannot be of one version for `architecture` and one of `others`.

    `Multi-Arch: same` packages must be (Debian Policy on multiarch: "installed simultaneously ... in lockstep").
    `others` maps an architecture to what apt puts behind the names of its packages: nothing for the machine's own.
    """
    return tuple(
        f"`{name}` is installed for {other} in version {own.installed}, and for {architecture} the archive has"
        f" {theirs.candidate}: both must be the same version"
        for name in names
        if (theirs := policies.get(f"{name}:{architecture}")) is not None and theirs.candidate is not None
        for other, suffix in others.items()
        if (own := policies.get(f"{name}{suffix}")) is not None
        and own.installed is not None
        and theirs.candidate not in {own.installed, own.candidate}
    )


def removals(transaction: Transaction, packages: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence that names what apt would remove to install `packages`, or nothing."""
    if not transaction.removes:
        return ()
    names = ", ".join(f"`{change.qualified}`" for change in transaction.removes)
    return (f"apt would remove {names} to make room for {', '.join(packages)}: they cannot be installed side by side",)


def unmet(text: str) -> tuple[str, ...]:
    """Return what apt's refusal `text` says is missing or unmet, a sentence each."""
    missing = tuple(f"the archive has no package `{found['name']}`" for found in _MISSING.finditer(text))
    broken = tuple(f"`{found['package']}` {_joined(found['first'])}" for found in _UNMET.finditer(text))
    return missing + broken


def _joined(text: str) -> str:
    return "; ".join(" ".join(line.split()) for line in text.splitlines())


def _version(text: str) -> str | None:
    return None if text == "(none)" else text
