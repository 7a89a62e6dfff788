"""The planner: from what is wanted and the facts of the machine to all that will be done, before anything is.

Pure: no network, no disk, no process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xprov.archive.suites import find_suite
from xprov.environment.model import Action, Environment, Setting
from xprov.errors import ToolMissingError, UsageError, XprovError
from xprov.glibc import format_version
from xprov.request import Method, Request
from xprov.target import Libc, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from xprov.apt.changes import FileChange
    from xprov.apt.plan import SourcesPlan
    from xprov.archive.suites import Suite
    from xprov.host import Host
    from xprov.recipe import Recipe
    from xprov.toolchain import Toolchain

APT_DISTRIBUTIONS = ("debian", "ubuntu")


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The method that files will arrive by, and why it is that one."""

    method: Method
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known before planning. `sources` is None where apt's sources do not matter, or there are none.

    `obstacles` keep a plan from being carried out here. `image_sysroot` is the folder that the image's own
    TARGET_SYSROOT names.
    """

    host: Host
    choice: Choice
    obstacles: tuple[XprovError, ...]
    toolchain: Toolchain | None
    sources: SourcesPlan | None
    image_sysroot: Path | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All that will be done for a target.

    `packages` are apt's spellings, with architecture. `sources` is None where apt's sources are not touched;
    `architecture` is the one that dpkg will be told of, None where it knows it. `obstacles` are the errors that a real
    run ends with before it begins. `warnings` are told before a run begins; `forecasts` say what the checks will
    find, for who does not run it.
    """

    target: Target
    choice: Choice
    suite: str
    recipes: tuple[Recipe, ...]
    packages: tuple[str, ...]
    sources: SourcesPlan | None
    architecture: str | None
    toolchain: Toolchain | None
    environment: Environment
    obstacles: tuple[XprovError, ...]
    warnings: tuple[str, ...]
    forecasts: tuple[str, ...]

    @property
    def method(self) -> Method:
        return self.choice.method

    @property
    def libraries(self) -> tuple[str, ...]:
        return tuple(recipe.library for recipe in self.recipes)

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """The files of apt that will change."""
        return self.sources.changes if self.sources else ()


def make_plan(request: Request, facts: Facts, recipes: tuple[Recipe, ...]) -> Plan:
    """Return all that will be done for `request`.

    Raises `UnsatisfiableError` when the machine's suite has no package for one of `recipes`.
    """
    host, target = facts.host, request.target
    multiarch = facts.choice.method is Method.MULTIARCH
    return Plan(
        target=target,
        choice=facts.choice,
        suite=host.suite,
        recipes=recipes,
        packages=packages_of(recipes, host, target),
        sources=facts.sources,
        architecture=target.debian if multiarch and target.debian not in host.foreign else None,
        toolchain=facts.toolchain,
        environment=Environment(
            target=target,
            generation="GENERATION",
            native=not multiarch,
            toolchain=facts.toolchain,
            recipe_settings=tuple(setting for recipe in recipes for setting in _settings(recipe)),
            image_sysroot=facts.image_sysroot,
        ),
        obstacles=facts.obstacles,
        warnings=_warnings(target, facts.toolchain, facts.choice.method),
        forecasts=_forecasts(target, host, facts.toolchain),
    )


def _settings(recipe: Recipe) -> Iterator[Setting]:
    for fact in recipe.environment:
        yield Setting(
            variable=fact.variable,
            action=Action(fact.action.value),
            value=fact.value or "",
            needs=fact.needs or "",
            reason=fact.reason,
        )


def choose_method(request: Request, host: Host) -> Choice:
    """Return how the files for `request` arrive on `host`.

    Raises `UsageError` when no method serves the target, or the one that was named does not.
    """
    target = request.target
    if target.libc is Libc.MUSL:
        raise UsageError(
            f"no method serves `{target.rust}` yet: the libraries of Debian and Ubuntu are linked against glibc",
            hint=f"build for `{target.debian}`, or let the crate compile its library (most have a `vendored` feature)",
        )
    native = target.debian == host.architecture
    match request.method:
        case None if native:
            return Choice(method=Method.NATIVE, reason="the target is this machine's own architecture")
        case None:
            return Choice(method=Method.MULTIARCH, reason=_multiarch_reason(host))
        case Method.NATIVE if not native:
            raise UsageError(
                f"method `native` is for {host.architecture}, this machine's own architecture, not for {target.name}",
                hint="leave `--method` out",
            )
        case Method.MULTIARCH if native:
            raise UsageError(
                f"method `multiarch` is for foreign architectures, and {target.name} is this machine's own",
                hint="leave `--method` out",
            )
        case named:
            return Choice(method=named, reason="asked for by --method")


def _multiarch_reason(host: Host) -> str:
    if not host.has_apt:
        return "the one for foreign targets"
    return f"{host.throwaway or 'this machine'}, {host.suite}: its apt installs the foreign packages"


def packages_of(recipes: Iterable[Recipe], host: Host, target: Target) -> tuple[str, ...]:
    """Return the packages of `recipes` in the suite of `host`, each once, as apt spells them for `target`.

    On a machine that is neither Debian nor Ubuntu, those of Debian. Raises `UnsatisfiableError` when a suite has none.
    """
    distribution = host.distribution if host.distribution in APT_DISTRIBUTIONS else "debian"
    names = [name for recipe in recipes for name in recipe.packages_for(distribution, host.codename)]
    return tuple(dict.fromkeys(f"{name}:{target.debian}" for name in names))


def obstacles(request: Request, host: Host) -> tuple[XprovError, ...]:
    """Return what keeps xprov from carrying out a plan on `host`, the first to be mended first."""
    found: list[XprovError] = []
    if not host.has_apt or host.distribution not in APT_DISTRIBUTIONS:
        found.append(
            ToolMissingError(
                f"there is no apt for xprov to work with: this is {host.pretty_name}",
                hint="run the same command in a Debian or Ubuntu container, such as the manylinux-cross images",
            )
        )
    elif not host.is_root:
        found.append(
            XprovError(
                "only root can have apt install packages",
                hint="run it in a container, or with sudo: `sudo --preserve-env=HOME,XPROV_HOME xprov setup ...`",
            )
        )
    foreign = request.target.debian != host.architecture
    if foreign and request.method is None and host.throwaway is None:
        found.append(
            XprovError(
                "this looks like a person's own machine: xprov leaves its apt alone unless told otherwise",
                hint="run it in a container or a CI job, or say `--method multiarch`; `xprov undo` puts apt back",
            )
        )
    return tuple(found)


def _warnings(target: Target, toolchain: Toolchain | None, method: Method) -> tuple[str, ...]:
    if method is Method.NATIVE or toolchain is not None:
        return ()
    gnu = {"i386": "i686-linux-gnu"}.get(target.debian, target.triplet).replace("_", "-")
    return (
        (
            f"no C compiler for {target.name} was found: headers and libraries will be there, and nothing to link with"
            f" (the package of Debian's and Ubuntu's is gcc-{gnu})"
        ),
    )


def _forecasts(target: Target, host: Host, toolchain: Toolchain | None) -> tuple[str, ...]:
    suite = find_suite(host.distribution, host.codename)
    if suite is None:
        return ()
    told = []
    if target.debian == "armhf" and suite.time64_armhf:
        told.append(
            f"{suite.name}'s armhf libraries have a 64-bit time_t, and Rust's libc crate a 32-bit one: a struct with a"
            " time in it that goes to or from a library is misread"
        )
    if toolchain and (gap := _glibc_gap(suite, toolchain)):
        told.append(gap)
    return tuple(told)


def _glibc_gap(suite: Suite, toolchain: Toolchain) -> str | None:
    if not suite.glibc or not toolchain.glibc:
        return None
    own = tuple(int(number) for number in suite.glibc.split("."))
    if own <= toolchain.glibc:
        return None
    return (
        f"{suite.name} has glibc {suite.glibc} and your toolchain {format_version(toolchain.glibc)}: what its apt"
        " installs may need more than the wheel's tag promises"
    )
