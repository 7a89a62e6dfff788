"""The routes: which method, which suite, in which order. Pure."""

from dataclasses import replace
from pathlib import Path

import pytest

from xprov.archive.suites import find_suite
from xprov.catalog import built_in_folder
from xprov.environment import View
from xprov.errors import UnsatisfiableError, UsageError
from xprov.glibc import Version
from xprov.host import Host
from xprov.package_manager import PackageManager
from xprov.recipe import Recipe, read_recipe
from xprov.request import Method, Request, check_request
from xprov.routes import Route, Wanted, routes, wanted_glibc
from xprov.target import Libc, find_target
from xprov.toolchain import Toolchain

CONTAINER = Host(
    architecture="amd64",
    foreign=(),
    distribution="debian",
    codename="bookworm",
    pretty_name="Debian GNU/Linux 12 (bookworm)",
    is_root=True,
    package_manager=PackageManager.APT,
    throwaway="a Docker container",
)
ALMALINUX = replace(
    CONTAINER,
    package_manager=PackageManager.DNF,
    distribution="almalinux",
    codename="8",
    pretty_name="AlmaLinux 8.10",
    glibc=(2, 28),
)
ALPINE = replace(
    CONTAINER,
    package_manager=PackageManager.APK,
    distribution="alpine",
    codename="3.20",
    pretty_name="Alpine Linux v3.20",
    libc=Libc.MUSL,
)
X86_64_MUSL = "x86_64-unknown-linux-musl"
LAPTOP = replace(CONTAINER, throwaway=None)
FEDORA = replace(CONTAINER, package_manager=None, distribution="fedora", codename="", pretty_name="Fedora Linux 42")


def _recipes(*names: str) -> tuple[Recipe, ...]:
    return tuple(read_recipe(built_in_folder() / f"{name}.toml") for name in names or ("alsa",))


def _routes(
    host: Host = CONTAINER, has: Version | None = (2, 36), target: str = "armhf", *names: str, **words: object
) -> tuple[Route, ...]:
    request = replace(Request(target=find_target(target), libraries=names or ("alsa",)), **words)  # type: ignore[arg-type]
    wanted = Wanted(version=request.glibc or has, said_by="your toolchain's")
    return routes(request, host, wanted, _recipes(*names))


def _suites(found: tuple[Route, ...]) -> list[str]:
    return [route.suite.name if route.suite else route.method.value for route in found]


def test_a_container_whose_own_libraries_fit_lets_apt_install_them() -> None:
    found = _routes()

    assert found[0].method is Method.MULTIARCH
    assert "a Docker container" in found[0].reason


def test_where_apt_refuses_a_sysroot_is_next() -> None:
    assert _suites(_routes())[:2] == ["multiarch", "debian:bookworm"]


def test_a_container_newer_than_the_toolchain_gets_a_sysroot_of_an_older_suite() -> None:
    found = _routes(has=(2, 31))

    assert found[0].method is Method.SYSROOT
    assert _suites(found)[0] == "debian:bullseye"
    assert "needs glibc 2.34" in found[0].reason
    assert found[0].strict


def test_a_wide_time_t_of_the_machines_own_suite_is_passed_by() -> None:
    found = _routes(replace(CONTAINER, codename="trixie"), (2, 41))

    assert _suites(found)[0] == "debian:bookworm"
    assert "time_t" in found[0].reason


@pytest.mark.parametrize(
    ("host", "why"),
    [(LAPTOP, "own machine"), (FEDORA, "Fedora Linux 42"), (replace(CONTAINER, is_root=False), "root")],
)
def test_where_apt_may_not_or_cannot_a_sysroot_is_made(host: Host, why: str) -> None:
    found = _routes(host)

    assert {route.method for route in found} == {Method.SYSROOT}
    assert why in found[0].reason


def test_the_machines_own_architecture_is_its_package_managers() -> None:
    (only,) = _routes(target="amd64")

    assert only.method is Method.NATIVE


def test_where_an_rpm_system_has_no_package_a_suite_that_fits_its_glibc_is_next() -> None:
    first, *others = _routes(ALMALINUX, (2, 28), "amd64")

    assert first.method is Method.NATIVE
    assert {route.method for route in others} == {Method.SYSROOT}
    assert all(route.proven or route.strict for route in others)
    assert "debian:trixie" not in _suites(tuple(others))


def test_an_rpm_system_whose_glibc_nobody_knows_has_no_other_route() -> None:
    assert _suites(_routes(ALMALINUX, None, "amd64")) == ["native"]


def test_on_a_machine_of_musl_its_own_packages_are_all_there_is() -> None:
    (only,) = _routes(ALPINE, None, X86_64_MUSL)

    assert only.method is Method.NATIVE


@pytest.mark.parametrize(
    ("host", "target", "words", "hint"),
    [
        (CONTAINER, X86_64_MUSL, {}, "Alpine container"),
        (ALPINE, "aarch64-unknown-linux-musl", {}, "Alpine container of that architecture"),
        (ALPINE, X86_64_MUSL, {"method": Method.SYSROOT}, "leave `--method`"),
        (ALPINE, X86_64_MUSL, {"suite": find_suite("debian", "trixie")}, "leave `--method` and `--suite` out"),
        (ALPINE, X86_64_MUSL, {"glibc": (2, 28)}, "leave `--manylinux`"),
    ],
)
def test_musl_is_served_by_no_library_of_glibc(host: Host, target: str, words: dict[str, object], hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        _routes(host, None, target, **words)

    assert hint in (caught.value.hint or "")


def test_what_is_linked_against_glibc_is_foreign_to_a_machine_of_musl() -> None:
    assert _suites(_routes(ALPINE, (2, 31), "x86_64-linux-gnu"))[0].startswith("debian:")
    with pytest.raises(UsageError, match="amd64 with musl"):
        _routes(ALPINE, None, "x86_64-linux-gnu", method=Method.NATIVE)


@pytest.mark.parametrize("method", [Method.MULTIARCH, Method.SYSROOT])
def test_a_method_that_is_named_falls_over_to_no_other(method: Method) -> None:
    assert {route.method for route in _routes(method=method)} == {method}


@pytest.mark.parametrize(("target", "method"), [("armhf", Method.NATIVE), ("amd64", Method.MULTIARCH)])
def test_a_method_that_does_not_serve_the_target_is_refused(target: str, method: Method) -> None:
    with pytest.raises(UsageError, match=f"method `{method.value}`"):
        _routes(target=target, method=method)


def test_musl_is_told_what_to_use_instead() -> None:
    with pytest.raises(UsageError, match="glibc") as caught:
        _routes(target="armv7-unknown-linux-musleabihf")

    assert "armhf" in (caught.value.hint or "")
    assert "vendored" in (caught.value.hint or "")


def test_a_suite_that_is_named_is_the_only_one_and_is_taken_with_a_warning() -> None:
    (only,) = _routes(has=(2, 28), suite=find_suite("debian", "trixie"))

    assert _suites((only,)) == ["debian:trixie"]
    assert not only.strict


def test_a_suite_and_a_glibc_that_are_named_both_count() -> None:
    (only,) = _routes(suite=find_suite("debian", "trixie"), glibc=(2, 31))

    assert only.strict


def test_nothing_that_fits_is_said_with_what_each_suite_would_need() -> None:
    with pytest.raises(UnsatisfiableError, match=r"debian:bookworm\s.* has no loong64") as caught:
        _routes(target="loong64")

    assert caught.value.exit_code == 5


def test_what_is_wanted_comes_from_the_words_then_the_toolchain_then_the_machine() -> None:
    request = Request(target=find_target("armhf"), libraries=("alsa",))
    toolchain = Toolchain(
        cc=Path("/usr/bin/arm-linux-gnueabihf-gcc"),
        cxx=None,
        ar=None,
        machine="arm-linux-gnueabihf",
        prefix="arm-linux-gnueabihf",
        sysroot=None,
        glibc=(2, 31),
        multiarch=None,
        libc_includes=(),
        found_by="PATH",
    )

    assert wanted_glibc(replace(request, glibc=(2, 28)), CONTAINER, toolchain).version == (2, 28)
    assert wanted_glibc(request, CONTAINER, toolchain).version == (2, 31)
    assert wanted_glibc(request, CONTAINER, None).version == (2, 36)
    assert wanted_glibc(request, FEDORA, None).version is None
    assert wanted_glibc(request, ALMALINUX, None).version == (2, 28)


@pytest.mark.parametrize(
    "words",
    [
        {"suite": find_suite("debian", "trixie"), "method": Method.MULTIARCH},
        {"view": View.FULL, "method": Method.NATIVE},
        {"view": View.FULL, "zig": True},
    ],
)
def test_words_that_do_not_go_together_are_refused(words: dict[str, object]) -> None:
    request = Request(target=find_target("armhf"), libraries=("alsa",))

    with pytest.raises(UsageError):
        check_request(replace(request, **words))  # type: ignore[arg-type]
