"""The planner: facts in, the whole plan out. Nothing here touches the machine."""

from dataclasses import replace
from pathlib import Path

import pytest

from xprov.archive.suites import find_suite
from xprov.catalog import built_in_folder
from xprov.environment import View
from xprov.errors import ToolMissingError, UnsatisfiableError
from xprov.host import Host
from xprov.obstacles import obstacles
from xprov.package_manager import PackageManager
from xprov.plan import Facts, Plan, make_plan, packages_for
from xprov.recipe import Recipe, read_recipe
from xprov.report import plan_as_json, plan_as_text
from xprov.request import Method, Request
from xprov.routes import Route, wanted_glibc
from xprov.target import Libc, find_target
from xprov.toolchain import Toolchain

CONTAINER = Host(
    architecture="amd64",
    foreign=(),
    distribution="debian",
    codename="trixie",
    pretty_name="Debian GNU/Linux 13 (trixie)",
    is_root=True,
    package_manager=PackageManager.APT,
    throwaway="a Docker container",
)
TOOLCHAIN = Toolchain(
    cc=Path("/usr/bin/arm-linux-gnueabihf-gcc"),
    cxx=None,
    ar=None,
    machine="arm-linux-gnueabihf",
    prefix="arm-linux-gnueabihf",
    sysroot=None,
    glibc=(2, 41),
    multiarch="arm-linux-gnueabihf",
    libc_includes=(),
    found_by="PATH",
)


def _request(target: str = "armhf", method: Method | None = None) -> Request:
    return Request(target=find_target(target), libraries=("alsa", "dbus"), method=method)


def _recipes(*names: str) -> tuple[Recipe, ...]:
    return tuple(read_recipe(built_in_folder() / f"{name}.toml") for name in names)


def _plan(host: Host = CONTAINER, target: str = "armhf", toolchain: Toolchain | None = TOOLCHAIN) -> Plan:
    native = find_target(target).debian == host.architecture
    route = Route(method=Method.NATIVE if native else Method.MULTIARCH, suite=None, reason="a test")
    return _plan_by(route, host, target, toolchain)


def _plan_by(route: Route, host: Host, target: str, toolchain: Toolchain | None) -> Plan:
    request = _request(target)
    facts = Facts(
        host=host,
        route=route,
        wanted=wanted_glibc(request, host, toolchain),
        obstacles=obstacles(route, host),
        toolchain=toolchain,
        sources=None,
        resolution=None,
        image_sysroot=None,
    )
    return make_plan(request, facts, _recipes("alsa", "dbus"))


def test_apt_is_asked_for_the_packages_of_the_machines_own_suite() -> None:
    plan = _plan()

    assert plan.suite == "debian:trixie"
    assert plan.packages == ("libasound2-dev:armhf", "libdbus-1-dev:armhf")
    assert plan.architecture == "armhf"
    assert plan.obstacles == ()


def test_a_sysroot_has_the_packages_of_its_suite_and_no_obstacles_anywhere() -> None:
    laptop = replace(CONTAINER, is_root=False, package_manager=None, distribution="fedora", codename="")
    route = Route(method=Method.SYSROOT, suite=find_suite("debian", "bullseye"), reason="a test")

    plan = _plan_by(route, laptop, "armhf", TOOLCHAIN)

    assert plan.suite == "debian:bullseye"
    assert plan.obstacles == ()
    assert plan.architecture is None
    assert plan.views == (View.LIBS,)


def test_a_toolchain_without_a_libc_gets_the_full_view_too() -> None:
    route = Route(method=Method.SYSROOT, suite=find_suite("debian", "bullseye"), reason="a test")

    plan = _plan_by(route, CONTAINER, "armhf", replace(TOOLCHAIN, glibc=None))

    assert plan.environment.view is View.FULL
    assert plan.views == (View.LIBS, View.FULL)


def test_an_architecture_that_dpkg_knows_is_not_added_again() -> None:
    assert _plan(replace(CONTAINER, foreign=("armhf",))).architecture is None


def test_the_machines_own_architecture_needs_no_foreign_one() -> None:
    plan = _plan(target="x86_64-unknown-linux-gnu")

    assert plan.method is Method.NATIVE
    assert plan.architecture is None
    assert plan.environment.native


@pytest.mark.parametrize(
    ("manager", "packages"),
    [
        (PackageManager.DNF, ("pkgconfig(alsa)", "pkgconfig(dbus-1)")),
        (PackageManager.YUM, ("pkgconfig(alsa)", "pkgconfig(dbus-1)")),
        (PackageManager.APK, ("pc:alsa", "pc:dbus-1")),
    ],
)
def test_other_package_managers_are_asked_for_modules(manager: PackageManager, packages: tuple[str, ...]) -> None:
    plan = _plan(replace(CONTAINER, package_manager=manager, distribution="x", codename="8"), target="amd64")

    assert plan.packages == packages
    assert (plan.suite, plan.package_manager) == ("x:8", manager)
    assert plan.obstacles == ()


def test_a_library_without_a_module_is_nothing_that_they_could_find() -> None:
    host = replace(CONTAINER, package_manager=PackageManager.DNF, distribution="almalinux", codename="8")
    recipe = replace(_recipes("alsa")[0], modules=())
    route = Route(method=Method.NATIVE, suite=None, reason="a test")

    with pytest.raises(UnsatisfiableError, match="alsa has no pkg-config module"):
        packages_for([recipe], route, host, find_target("amd64"))


@pytest.mark.parametrize("libc", Libc)
def test_who_may_not_install_is_told_what_else_there_is(libc: Libc) -> None:
    native = Route(method=Method.NATIVE, suite=None, reason="a test")
    host = replace(CONTAINER, package_manager=PackageManager.APK, is_root=False, libc=libc)

    for found in (obstacles(native, host), obstacles(native, replace(host, package_manager=None))):
        (obstacle,) = found
        assert ("sysroot" in (obstacle.hint or "")) is (libc is Libc.GLIBC)


def test_a_machine_without_apt_lacks_a_tool() -> None:
    fedora = replace(CONTAINER, package_manager=None, distribution="fedora", codename="", pretty_name="Fedora Linux 42")

    (obstacle,) = obstacles(Route(method=Method.MULTIARCH, suite=None, reason="a test"), fedora)

    assert isinstance(obstacle, ToolMissingError)
    assert "Fedora Linux 42" in obstacle.message


def test_who_is_not_root_gets_the_plan_and_the_obstacle() -> None:
    plan = _plan(replace(CONTAINER, is_root=False))

    assert plan.packages == ("libasound2-dev:armhf", "libdbus-1-dev:armhf")
    assert ["root" in obstacle.message for obstacle in plan.obstacles] == [True]


def test_an_older_toolchain_and_a_wide_time_t_are_foretold() -> None:
    told = _plan(toolchain=replace(TOOLCHAIN, glibc=(2, 31))).forecasts

    assert any("64-bit time_t" in text for text in told)
    assert any("2.41" in text and "2.31" in text for text in told)


def test_a_suite_that_fits_foretells_nothing() -> None:
    assert _plan(replace(CONTAINER, codename="bullseye"), toolchain=replace(TOOLCHAIN, glibc=(2, 31))).forecasts == ()


def test_a_missing_compiler_is_said_with_its_package() -> None:
    (warning,) = _plan(target="i386", toolchain=None).warnings

    assert "gcc-i686-linux-gnu" in warning


def test_a_distribution_without_packages_cannot_be_satisfied() -> None:
    recipe = _recipes("alsa")[0]

    with pytest.raises(UnsatisfiableError, match="arch"):
        recipe.packages_for("arch", "")


def test_the_plan_reads_as_text_and_as_json() -> None:
    plan = _plan(replace(CONTAINER, is_root=False))
    variables: dict[str, str | None] = {
        "TARGET_SYSROOT": "/x/libs",
        "CC_thumbv7neon_unknown_linux_gnueabihf": "gcc",
        "OPENSSL_DIR": None,
    }

    text, content = plan_as_text(plan, variables), plan_as_json(plan, variables)

    for part in ("armhf (armv7-unknown-linux-gnueabihf)", "libdbus-1-dev:armhf", "--add-architecture armhf"):
        assert part in text
    assert "TARGET_SYSROOT=/x/libs" in text
    assert "CC_thumbv7neon" not in text
    assert "the same for thumbv7neon-unknown-linux-gnueabihf" in text
    assert "OPENSSL_DIR is taken away" in text
    assert content["packages"] == ["libasound2-dev:armhf", "libdbus-1-dev:armhf"]
    assert content["toolchain"]["glibc"] == "2.41"
    assert content["variables"] == variables
    assert len(content["obstacles"]) == 1
