"""Read dpkg's database: which packages are installed, on what they depend, which files they own.

Sources: dpkg's manual (dpkg-query(1), deb-control(5)) and the layout of `/var/lib/dpkg`: `status` holds the stanzas,
`info/<package>[:<architecture>].list` the paths, `alternatives/` the links that no package owns.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xprov.errors import UnsatisfiableError, XprovError
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

_DATABASE = Path("var/lib/dpkg")
_ALL = "all"
# As many links as Linux follows (path_resolution(7)).
_FOLLOWED = 40

# The states of dpkg in which a package's files are on the disk (dpkg(1), "Package states").
_UNPACKED = frozenset({"installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """One package that another wants or provides, and in which versions: `operator` is `>=`, `=`, ... or empty.

    `qualifier` is what stands behind the name (`perl:any`). It says who may run it, not what it is called: among
    installed packages dpkg has seen to it.
    """

    name: str
    operator: str = ""
    version: str = ""
    qualifier: str = field(default="", compare=False)


Clause = tuple[Relation, ...]
"""Alternatives, of which one is enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledPackage:
    """A package that is installed. `source` is its source package; `depends` holds Pre-Depends too."""

    name: str
    architecture: str
    version: str
    source: str
    multi_arch: str = "no"
    depends: tuple[Clause, ...] = ()
    provides: tuple[Relation, ...] = ()

    @property
    def described(self) -> str:
        """How apt writes it: `libasound2-dev:armhf`."""
        return f"{self.name}:{self.architecture}"


def read_installed(root: Path, architecture: str) -> tuple[InstalledPackage, ...]:
    """Return the packages of `architecture`, and those for all, that are installed in the system below `root`.

    Raises `XprovError` when there is no database of dpkg, or a damaged one.
    """
    status = root / _DATABASE / "status"
    try:
        text = status.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise XprovError(f"`{status}` cannot be read: {error.strerror}", hint="is this Debian or Ubuntu?") from error
    # python-debian is thorough and slow: most stanzas are the host's own and need not be understood.
    wanted = re.compile(rf"^Architecture: (?:{re.escape(architecture)}|{_ALL})$", re.MULTILINE)
    stanzas = (stanza for stanza in re.split(r"\n\n+", text) if wanted.search(stanza))
    packages = (_package(stanza) for stanza in stanzas)
    return tuple(package for package in packages if package is not None)


def _package(stanza: str) -> InstalledPackage | None:
    from debian.deb822 import Deb822  # noqa: PLC0415 - slow to import

    fields = Deb822(stanza)
    state = fields.get("Status", "").split()
    if not state or state[-1] not in _UNPACKED:
        return None
    return package_from_fields(fields)


def package_from_fields(fields: Mapping[str, str]) -> InstalledPackage:
    """Return the package that a stanza (of dpkg's status, or of a package's control file) is about.

    Raises `XprovError` when a field that every package has is missing.
    """
    try:
        name, architecture, version = fields["Package"], fields["Architecture"], fields["Version"]
    except KeyError as error:
        raise XprovError(f"a package's stanza has no field {error}: {dict(fields)!r:.200}") from None
    depends = [clause for kind in ("Pre-Depends", "Depends") for clause in parse_relations(fields.get(kind, ""))]
    return InstalledPackage(
        name=name,
        architecture=architecture,
        version=version,
        source=fields.get("Source", name).split(" ", 1)[0],
        multi_arch=fields.get("Multi-Arch", "no"),
        depends=tuple(depends),
        provides=tuple(clause[0] for clause in parse_relations(fields.get("Provides", ""))),
    )


def parse_relations(text: str) -> tuple[Clause, ...]:
    """Return what a field such as Depends says: clauses, all of which are wanted."""
    from debian.deb822 import PkgRelation  # noqa: PLC0415 - slow to import

    if not text.strip():
        return ()
    return tuple(tuple(_relation(word) for word in clause) for clause in PkgRelation.parse_relations(text))


def _relation(word: Mapping[str, Any]) -> Relation:
    operator, version = word["version"] or ("", "")
    return Relation(name=word["name"], operator=operator, version=version, qualifier=word["archqual"] or "")


def closure(
    installed: Iterable[InstalledPackage],
    roots: Sequence[str],
    *,
    stop: Callable[[str], bool] = lambda _name: False,
) -> tuple[InstalledPackage, ...]:
    """Return `roots` and the packages among `installed` that they need, sorted by name.

    A dependency that none of `installed` satisfies is one that the host's own packages serve (a pkg-config program,
    perl), since dpkg installs nothing whose dependencies are not met. `stop` names packages that are left out with
    all that only they need.

    Raises `UnsatisfiableError` when a root is not installed.
    """
    offers = _Offers.of(installed)
    found: dict[str, InstalledPackage] = {}
    waiting = [offers.root(name) for name in roots]
    while waiting:
        package = waiting.pop()
        if package.name in found or stop(package.name):
            continue
        found[package.name] = package
        for clause in package.depends:
            waiting.extend(offers.satisfying(clause))
    return tuple(found[name] for name in sorted(found))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Offers:
    """Who is there under a name of its own, and who under another's."""

    real: Mapping[str, InstalledPackage]
    virtual: Mapping[str, tuple[tuple[InstalledPackage, Relation], ...]]

    @classmethod
    def of(cls, installed: Iterable[InstalledPackage]) -> _Offers:
        real: dict[str, InstalledPackage] = {}
        virtual: dict[str, tuple[tuple[InstalledPackage, Relation], ...]] = {}
        # A name can be there for the target and for all architectures only in the middle of an upgrade.
        for package in sorted(installed, key=lambda package: (package.name, package.architecture == _ALL)):
            real.setdefault(package.name, package)
            for offer in package.provides:
                virtual[offer.name] = (*virtual.get(offer.name, ()), (package, offer))
        return cls(real=real, virtual=virtual)

    def root(self, name: str) -> InstalledPackage:
        if name in self.real:
            return self.real[name]
        providers = self.virtual.get(name, ())
        if not providers:
            raise UnsatisfiableError(f"the package `{name}` is not installed for the target")
        return providers[0][0]

    def satisfying(self, clause: Clause) -> tuple[InstalledPackage, ...]:
        """Return what satisfies the first alternative that anything satisfies: the real package, or all providers."""
        for wanted in clause:
            package = self.real.get(wanted.name)
            if package is not None and meets(package.version, wanted):
                return (package,)
            offers = self.virtual.get(wanted.name, ())
            if providers := tuple(package for package, offer in offers if provides_enough(offer, wanted)):
                return providers
        return ()


def provides_enough(offer: Relation, wanted: Relation) -> bool:
    """Return whether `offer` counts: one without a version satisfies no wish for a version (Debian Policy 7.5)."""
    return not wanted.operator or (bool(offer.version) and meets(offer.version, wanted))


def meets(version: str, wanted: Relation) -> bool:
    """Return whether `version` is one that `wanted` asks for (deb-control(5), Debian's order of versions)."""
    if not wanted.operator:
        return True
    order = _order(version, wanted.version)
    match wanted.operator:
        case "<<":
            return order < 0
        case "<=" | "<":
            return order <= 0
        case ">=" | ">":
            return order >= 0
        case ">>":
            return order > 0
        case _:
            return order == 0


@cache
def _order(first: str, second: str) -> int:
    """Return what is negative, 0 or positive, as `first` comes before `second` or not. Few versions are asked often."""
    from debian.debian_support import version_compare  # noqa: PLC0415 - slow to import

    # Packages of one source ask for each other's very version.
    return 0 if first == second else version_compare(first, second)


def owned_paths(root: Path, package: InstalledPackage) -> tuple[str, ...]:
    """Return the paths, absolute as seen from `root`, that dpkg lists for `package`, folders included.

    Raises `XprovError` when there is no list.
    """
    info = root / _DATABASE / "info"
    # The architecture stands in the name only where several can be installed at once (`Multi-Arch: same`).
    for name in (f"{package.name}:{package.architecture}.list", f"{package.name}.list"):
        with_list = info / name
        if with_list.is_file():
            lines = with_list.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
            return tuple(line for line in lines if line not in ("", "/."))
    raise XprovError(
        f"dpkg has no list of files for `{package.described}` in `{info}`",
        hint=f"`apt-get install --reinstall {package.described}` writes it again",
    )


def alternative_links(root: Path, owned: Collection[str]) -> tuple[str, ...]:
    """Return the links of update-alternatives below `root` (`/usr/lib/.../libblas.so.3`) that lead to what is `owned`.

    No package owns them, and libraries of BLAS, LAPACK, MPI or HDF5 are reached by nothing else. Those of packages that
    own nothing of this lead to libraries that need others again.
    """
    folder = root / _DATABASE / "alternatives"
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    links = (link for file in files for link in _links(file.read_text(encoding="utf-8", errors="surrogateescape")))
    return tuple(link for link in links if _end(root, link) in owned)


def _end(root: Path, path: str) -> str:
    """Return where a path leads to at last, seen from `root`; one that leads in circles, somewhere in them."""
    for _ in range(_FOLLOWED):
        place = root / path.lstrip("/")
        if not place.is_symlink():
            break
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), place.readlink()))
    return path


def _links(text: str) -> Iterator[str]:
    """Yield the links that one administrative file is about.

    Its lines: the mode, the link, then for each further link its name and its path, up to an empty line.
    """
    head = text.split("\n\n", 1)[0].split("\n")
    yield from head[1:2]
    yield from head[3::2]
