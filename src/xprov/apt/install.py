"""Let apt install foreign packages without harm: nothing native removed or lowered, no foreign program pulled in."""

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from xprov.apt.apt_get import apt_get, raise_failed
from xprov.apt.refusal import foreign_names, out_of_step, parse_policies, removals, unmet
from xprov.apt.transaction import Transaction, parse_simulation
from xprov.errors import UnsatisfiableError
from xprov.process import run
from xprov.records import dataclass

# Programs that build, by name, since not every one is marked `Multi-Arch: foreign`: a foreign one cannot run here, and
# would shadow or evict the native one.
_COMPILER = re.compile(r"(binutils|clang|cpp|g[+][+]|gcc|gfortran|llvm|pkgconf-bin)(-[0-9.]+)?")

# Keeping one program out may let another in; more rounds than this have not been seen.
_ROUNDS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Available:
    """A package as the archive's index describes it."""

    name: str
    architecture: str
    version: str
    sha256: str
    filename: str
    multi_arch: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """What apt is asked for: packages by name and architecture, on a machine of architecture `native`."""

    packages: tuple[str, ...]
    architecture: str
    native: str

    @property
    def foreign(self) -> bool:
        return self.architecture != self.native


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What apt would do, and the foreign programs that are kept out of it."""

    transaction: Transaction
    programs: tuple[str, ...]


def available(packages: Sequence[str]) -> tuple[Available, ...]:
    """Return how the archive describes `packages` (`name:arch`, or `name:arch=version`), one call of apt-cache."""
    from debian.deb822 import Packages  # noqa: PLC0415 - slow to import

    if not packages:
        return ()
    shown = run(("apt-cache", "show", "--no-all-versions", *packages), check=False)
    return tuple(
        Available(
            name=stanza["Package"],
            architecture=stanza["Architecture"],
            version=stanza["Version"],
            sha256=stanza.get("SHA256", ""),
            filename=stanza.get("Filename", ""),
            multi_arch=stanza.get("Multi-Arch", "no"),
        )
        for stanza in Packages.iter_paragraphs(shown.stdout, use_apt_pkg=False)
        if "Version" in stanza
    )


def propose(wanted: Installation) -> Proposal:
    """Return what apt would do to install `wanted`, native programs preferred over foreign ones.

    Raises `UnsatisfiableError` with the reason when apt cannot, or only by removing or lowering something, or with a
    foreign compiler.
    """
    transaction = _simulated(wanted, ())
    kept_out: tuple[str, ...] = ()
    for _ in range(_ROUNDS):
        programs = _foreign_programs(wanted, transaction)
        if not programs:
            break
        try:
            transaction = _simulated(wanted, (*kept_out, *programs))
        except UnsatisfiableError:
            if any(_COMPILER.fullmatch(name.partition(":")[0]) for name in programs):
                raise
            # A package asks for the foreign program itself; that harms nothing where the native one stays.
            break
        kept_out = (*kept_out, *programs)
    return Proposal(transaction=transaction, programs=kept_out)


def install(
    wanted: Installation,
    proposal: Proposal,
    *,
    progress: Callable[[str], None],
    waiting: Callable[[str], None],
) -> None:
    """Install `wanted`, as `propose` said.

    Raises `NetworkError` when a package cannot be fetched, `XprovError` when apt or dpkg fails.
    """
    with _preferences(proposal.programs) as preferences:
        completed = apt_get(
            ("install", "--no-remove", "--no-install-recommends", *preferences, *wanted.packages),
            progress=progress,
            waiting=waiting,
        )
    if not completed.ok:
        raise_failed(completed)


def _simulated(wanted: Installation, programs: Sequence[str]) -> Transaction:
    with _preferences(programs) as preferences:
        completed = apt_get(("install", "--simulate", "--no-install-recommends", *preferences, *wanted.packages))
    transaction = parse_simulation(completed.stdout, wanted.native)
    lowered = re.search(r"^The following packages will be DOWNGRADED:\n((?:  .*\n)+)", completed.stdout, re.MULTILINE)
    if completed.ok and not transaction.removes and not lowered:
        return transaction
    raise _refusal(wanted, completed.stdout, transaction)


def _refusal(wanted: Installation, text: str, transaction: Transaction) -> UnsatisfiableError:
    skew = _out_of_step(wanted, text) if wanted.foreign else ()
    reasons = skew + removals(transaction, wanted.packages) + unmet(text)
    reasons = reasons or tuple(line for line in text.splitlines() if line.startswith("E:")) or (text.strip(),)
    return UnsatisfiableError(
        f"apt cannot install {', '.join(wanted.packages)}:\n" + "\n".join(f"  - {reason}" for reason in reasons),
        hint="; ".join(_hints(wanted, transaction, out_of_step=bool(skew))),
    )


def _out_of_step(wanted: Installation, text: str) -> tuple[str, ...]:
    names = foreign_names(text, wanted.architecture)
    if not names:
        return ()
    foreign = run(("dpkg", "--print-foreign-architectures")).stdout.split()
    others = {wanted.native: ""} | {name: f":{name}" for name in foreign if name != wanted.architecture}
    asked = [f"{name}{suffix}" for name in names for suffix in (*others.values(), f":{wanted.architecture}")]
    policies = parse_policies(run(("apt-cache", "policy", *asked), check=False).stdout)
    return out_of_step(names, policies, wanted.architecture, others)


def _hints(wanted: Installation, transaction: Transaction, *, out_of_step: bool) -> Iterator[str]:
    if transaction.removes:
        yield "start from an image without the packages that would have to go: xprov removes nothing"
    elif out_of_step:
        yield "`apt-get update && apt-get upgrade` brings the machine's own packages up to date"
        yield "where the foreign archive is the one that is behind, start from an image whose packages are not newer"
    else:
        yield "`apt-get install --simulate` with the same packages shows all that apt says"
    if wanted.foreign:
        yield "`--method sysroot` needs nothing of apt"


def _foreign_programs(wanted: Installation, transaction: Transaction) -> tuple[str, ...]:
    """Return the foreign packages that hold programs: compilers, and what a native twin serves as well for.

    The latter are marked `Multi-Arch: foreign`; libraries are not.
    """
    if not wanted.foreign:
        return ()
    foreign = [change.qualified for change in transaction.new if change.architecture == wanted.architecture]
    return tuple(
        f"{package.name}:{package.architecture}"
        for package in available(foreign)
        if package.multi_arch == "foreign" or _COMPILER.fullmatch(package.name)
    )


@contextlib.contextmanager
def _preferences(programs: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Give the option by which apt reads the user's preferences and pins that keep `programs` out; none for none."""
    if not programs:
        yield ()
        return
    own = Path("/etc/apt/preferences")
    text = own.read_text(encoding="utf-8", errors="surrogateescape") if own.is_file() else ""
    # By exact names: a pattern is held against every package there is, which takes apt half a minute.
    pins = f"Package: {' '.join(programs)}\nPin: release *\nPin-Priority: -1\n"
    with tempfile.TemporaryDirectory(prefix="xprov-") as folder:
        path = Path(folder) / "preferences"
        path.write_text(f"{text}\n\n{pins}", encoding="utf-8", errors="surrogateescape")
        yield (f"-o=Dir::Etc::Preferences={path}",)
