"""The planner: from what is wanted and the facts of the machine to all that will be done, before anything is.

Pure: no network, no disk, no process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.archive.suites import find_suite
from xprov.environment.choose import choose_view
from xprov.environment.model import Action, Environment, Setting, View
from xprov.errors import UnsatisfiableError
from xprov.glibc import format_version
from xprov.package_manager import spell
from xprov.records import dataclass
from xprov.request import Method, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from xprov.apt.changes import FileChange
    from xprov.apt.plan import SourcesPlan
    from xprov.archive.locations import Access
    from xprov.archive.resolution import Resolution
    from xprov.archive.suites import Suite
    from xprov.errors import XprovError
    from xprov.host import Host
    from xprov.package_manager import PackageManager
    from xprov.recipe import Recipe
    from xprov.routes import Route, Wanted
    from xprov.target import Target
    from xprov.toolchain import Toolchain


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known before planning.

    `sources` is None where apt's sources do not matter, or there are none; `resolution` where apt resolves.
    `obstacles` keep a plan from being carried out here. `image_sysroot` is the folder that the image's own
    TARGET_SYSROOT names.
    """

    host: Host
    route: Route
    wanted: Wanted
    obstacles: tuple[XprovError, ...]
    toolchain: Toolchain | None
    sources: SourcesPlan | None
    resolution: Resolution | None
    image_sysroot: Path | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All that will be done for a target.

    `packages` are those that are asked for, as the package manager spells them; `resolution` is all that comes with
    them, None where the package manager resolves, which is `package_manager`, the host's own. `sources` is None where
    apt's sources are not touched;
    `architecture` is the one that dpkg will be told of, None where it knows it. `views` are those that are built, the
    largest last. `obstacles` are the errors that a real run ends with before it begins. `warnings` are told before a
    run begins; `forecasts` say what the checks will find, for who does not run it.
    """

    target: Target
    route: Route
    wanted: Wanted
    suite: str
    package_manager: PackageManager | None
    recipes: tuple[Recipe, ...]
    packages: tuple[str, ...]
    resolution: Resolution | None
    sources: SourcesPlan | None
    architecture: str | None
    toolchain: Toolchain | None
    environment: Environment
    views: tuple[View, ...]
    access: Access
    keep_all: bool
    obstacles: tuple[XprovError, ...]
    warnings: tuple[str, ...]
    forecasts: tuple[str, ...]

    @property
    def method(self) -> Method:
        return self.route.method

    @property
    def libraries(self) -> tuple[str, ...]:
        return tuple(recipe.library for recipe in self.recipes)

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """The files of apt that will change."""
        return self.sources.changes if self.sources else ()


def make_plan(request: Request, facts: Facts, recipes: tuple[Recipe, ...]) -> Plan:
    """Return all that will be done for `request`.

    Raises `UnsatisfiableError` when the suite has no package for one of `recipes`.
    """
    host, target, method = facts.host, request.target, facts.route.method
    return Plan(
        target=target,
        route=facts.route,
        wanted=facts.wanted,
        suite=facts.route.suite.name if facts.route.suite else host.suite,
        package_manager=host.package_manager,
        recipes=recipes,
        packages=packages_for(recipes, facts.route, host, target),
        resolution=facts.resolution,
        sources=facts.sources,
        architecture=target.debian if method is Method.MULTIARCH and target.debian not in host.foreign else None,
        toolchain=facts.toolchain,
        environment=Environment(
            target=target,
            generation="GENERATION",
            native=method is Method.NATIVE,
            toolchain=facts.toolchain,
            view=view_for(request, method, facts.toolchain),
            zig=request.zig,
            recipe_settings=tuple(setting for recipe in recipes for setting in _settings(recipe)),
            image_sysroot=facts.image_sysroot,
        ),
        views=views_for(request, method, facts.toolchain),
        access=request.access,
        keep_all=request.keep_all,
        obstacles=facts.obstacles,
        warnings=_warnings(target, facts.toolchain, method, zig=request.zig),
        forecasts=_forecasts(target, facts.route.suite or find_suite(host.distribution, host.codename), facts),
    )


def view_for(request: Request, method: Method, toolchain: Toolchain | None) -> View:
    """Return the view that tools are pointed at; what apt installs for a system has no full one."""
    if method is not Method.SYSROOT:
        return View.LIBS
    return request.view or choose_view(toolchain, zig=request.zig)


def views_for(request: Request, method: Method, toolchain: Toolchain | None) -> tuple[View, ...]:
    """Return the views that are built, the largest last.

    The one without libc always is: it is a part of the full one, and costs nothing beside it. libc and what C++ needs
    are thirteen megabytes more, for a folder that a compiler with a libc of its own must not be pointed at.
    """
    both = request.both_views or view_for(request, method, toolchain) is View.FULL
    return (View.LIBS, View.FULL) if both else (View.LIBS,)


def _settings(recipe: Recipe) -> Iterator[Setting]:
    for fact in recipe.environment:
        yield Setting(
            variable=fact.variable,
            action=Action(fact.action.value),
            value=fact.value or "",
            needs=fact.needs or "",
            reason=fact.reason,
        )


def packages_for(recipes: Iterable[Recipe], route: Route, host: Host, target: Target) -> tuple[str, ...]:
    """Return what is asked for, each once, as the package manager spells it that the route leads to.

    Of archives and of apt these are the packages of `recipes` in the route's suite, or else in the host's. Other
    package managers are asked for what has the pkg-config modules, and for nothing where there are none. On a machine
    that has none of them, the packages are Debian's. Raises `UnsatisfiableError` when a suite, or a recipe, has none.
    """
    manager = host.package_manager
    if route.suite:
        distribution, codename = route.suite.distribution, route.suite.codename
    elif manager is not None and not host.has_apt and route.method is Method.NATIVE:
        modules = [module for recipe in recipes for module in _modules(recipe, manager)]
        return tuple(dict.fromkeys(spell(manager.family, module) for module in modules))
    else:
        distribution, codename = (host.distribution, host.codename) if host.has_apt else ("debian", "")
    names = [name for recipe in recipes for name in recipe.packages_for(distribution, codename)]
    return tuple(dict.fromkeys(f"{name}:{target.debian}" for name in names))


def _modules(recipe: Recipe, manager: PackageManager) -> tuple[str, ...]:
    if not recipe.modules:
        raise UnsatisfiableError(
            f"{recipe.library} has no pkg-config module, which is what {manager.value} finds packages by",
            hint="install it by hand: the linker finds what the machine's own packages bring",
        )
    return recipe.modules


def _warnings(target: Target, toolchain: Toolchain | None, method: Method, *, zig: bool) -> tuple[str, ...]:
    if method is Method.NATIVE or toolchain is not None or zig:
        return ()
    gnu = {"i386": "i686-linux-gnu"}.get(target.debian, target.triplet).replace("_", "-")
    return (
        (
            f"no C compiler for {target.name} was found: headers and libraries will be there, and nothing to link with"
            f" (the package of Debian's and Ubuntu's is gcc-{gnu}; zig is told of by `--toolchain zig`)"
        ),
    )


def _forecasts(target: Target, suite: Suite | None, facts: Facts) -> tuple[str, ...]:
    if suite is None:
        return ()
    told = []
    if target.debian == "armhf" and suite.time64_armhf:
        told.append(
            f"{suite.name}'s armhf libraries have a 64-bit time_t, and Rust's libc crate a 32-bit one: a struct with a"
            " time in it that goes to or from a library is misread"
        )
    if gap := _glibc_gap(suite, facts):
        told.append(gap)
    return tuple(told)


def _glibc_gap(suite: Suite, facts: Facts) -> str | None:
    wanted = facts.wanted.version
    if wanted is None or suite.glibc_version is None or suite.glibc_version <= wanted or facts.toolchain is None:
        return None
    return (
        f"{suite.name} has glibc {suite.glibc} and {facts.wanted.said_by} is {format_version(wanted)}: what it has may"
        " need more than the wheel's tag promises"
    )
