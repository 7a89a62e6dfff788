"""The planner: facts in, the whole plan out. Nothing here touches the machine."""

from dataclasses import replace
from pathlib import Path

import pytest

from xprov.catalog import built_in_folder
from xprov.errors import ToolMissingError, UnsatisfiableError, UsageError
from xprov.host import Host
from xprov.plan import Facts, Plan, choose_method, make_plan, obstacles
from xprov.recipe import Recipe, read_recipe
from xprov.report import plan_as_json, plan_as_text
from xprov.request import Method, Request
from xprov.target import find_target
from xprov.toolchain import Toolchain

CONTAINER = Host(
    architecture="amd64",
    foreign=(),
    distribution="debian",
    codename="trixie",
    pretty_name="Debian GNU/Linux 13 (trixie)",
    is_root=True,
    has_apt=True,
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
    request = _request(target)
    facts = Facts(
        host=host,
        choice=choose_method(request, host),
        obstacles=obstacles(request, host),
        toolchain=toolchain,
        sources=None,
        image_sysroot=None,
    )
    return make_plan(request, facts, _recipes("alsa", "dbus"))


def test_a_container_lets_its_own_apt_install_for_a_foreign_target() -> None:
    plan = _plan()

    assert plan.method is Method.MULTIARCH
    assert "a Docker container" in plan.choice.reason
    assert plan.packages == ("libasound2-dev:armhf", "libdbus-1-dev:armhf")
    assert plan.architecture == "armhf"
    assert plan.obstacles == ()


def test_an_architecture_that_dpkg_knows_is_not_added_again() -> None:
    assert _plan(replace(CONTAINER, foreign=("armhf",))).architecture is None


def test_the_machines_own_architecture_needs_no_foreign_one() -> None:
    plan = _plan(target="x86_64-unknown-linux-gnu")

    assert plan.method is Method.NATIVE
    assert plan.architecture is None
    assert plan.environment.native


@pytest.mark.parametrize(("target", "method"), [("armhf", Method.NATIVE), ("amd64", Method.MULTIARCH)])
def test_a_method_that_does_not_serve_the_target_is_refused(target: str, method: Method) -> None:
    with pytest.raises(UsageError, match=f"method `{method.value}`"):
        choose_method(_request(target, method), CONTAINER)


def test_musl_is_told_what_to_use_instead() -> None:
    with pytest.raises(UsageError, match="glibc") as caught:
        choose_method(_request("armv7-unknown-linux-musleabihf"), CONTAINER)

    assert "armhf" in (caught.value.hint or "")
    assert "vendored" in (caught.value.hint or "")


def test_a_persons_own_machine_is_left_alone_unless_told_otherwise() -> None:
    laptop = replace(CONTAINER, throwaway=None)

    (obstacle,) = obstacles(_request(), laptop)

    assert "--method multiarch" in (obstacle.hint or "")
    assert obstacles(_request(method=Method.MULTIARCH), laptop) == ()
    assert obstacles(_request("amd64"), laptop) == ()


def test_a_machine_without_apt_lacks_a_tool() -> None:
    fedora = replace(CONTAINER, has_apt=False, distribution="fedora", codename="", pretty_name="Fedora Linux 42")

    (obstacle,) = obstacles(_request(), fedora)

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
