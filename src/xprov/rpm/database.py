"""Read rpm's database: which packages are installed, what each provides and requires, which files it owns.

Source: rpm(8), "QUERY OPTIONS", and `rpm --querytags`. All of the tags are there since rpm 4.9, CentOS 7 has 4.11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov import process
from xprov.capabilities import Installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xprov.target import Target

# A line each, by what its first word says: package, requirement, provision, file.
_PACKAGES = (
    r"N\t%{NAME}\t%{ARCH}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\n"
    r"[R\t%{REQUIRENAME}\n]"
    r"[P\t%{PROVIDENAME}\n]"
)
_FILES = r"N\t%{NAME}\n[F\t%{FILENAMES}\n]"

# rpm's names of an architecture, where they are not the one that wheels have; of i386 it has one for each processor,
# AlmaLinux 10 is also built for a newer x86_64.
_ARCHITECTURES = {
    "i386": ("i686", "i586", "i486", "i386"),
    "amd64": ("x86_64", "x86_64_v2"),
    "armhf": ("armv7hl", "armv7hnl"),
}
_ALL = "noarch"

_NO_EPOCH = ("(none)", "0")


def read_installed(target: Target) -> tuple[Installed, ...]:
    """Return the packages for `target`, and those for all, that are installed on this machine.

    Raises `ToolMissingError` without rpm, `ProcessError` when its database cannot be read.
    """
    return parse_installed(process.run(("rpm", "-qa", "--queryformat", _PACKAGES)).stdout, target)


def parse_installed(text: str, target: Target) -> tuple[Installed, ...]:
    """Return the packages for `target` in what rpm wrote, in its order."""
    architectures = (*_ARCHITECTURES.get(target.debian, (target.platform,)), _ALL)
    packages = (_package(stanza) for stanza in _stanzas(text))
    return tuple(package for package in packages if package.architecture in architectures)


def _stanzas(text: str) -> list[list[list[str]]]:
    """Return the lines of each package, taken apart into words."""
    stanzas: list[list[list[str]]] = []
    for line in text.splitlines():
        words = line.split("\t")
        if words[0] == "N":
            stanzas.append([])
        stanzas[-1].append(words)
    return stanzas


def _package(stanza: Sequence[Sequence[str]]) -> Installed:
    _, name, architecture, epoch, version, release = stanza[0]
    told = f"{version}-{release}"
    return Installed(
        name=name,
        architecture=architecture,
        version=told if epoch in _NO_EPOCH else f"{epoch}:{told}",
        requires=_of_kind("R", stanza),
        provides=_of_kind("P", stanza),
    )


def _of_kind(kind: str, stanza: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words[1] for words in stanza if words[0] == kind))


def owned_paths(packages: Iterable[Installed]) -> Mapping[str, tuple[str, ...]]:
    """Return the paths that each of `packages` owns, by its name."""
    asked = [f"{package.name}-{package.version.rpartition(':')[2]}.{package.architecture}" for package in packages]
    if not asked:
        return {}
    text = process.run(("rpm", "-q", "--queryformat", _FILES, *asked)).stdout
    return {stanza[0][1]: _of_kind("F", stanza) for stanza in _stanzas(text)}
