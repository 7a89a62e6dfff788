"""The glibc rule: which suites are tried for a toolchain, in which order, and why."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.recipes import write_recipe

from xprov.archive.suites import suites
from xprov.errors import UsageError
from xprov.recipe import Recipe, read_recipe
from xprov.suite_choice import candidates, find_named_suite, fitting_suites, unsatisfied
from xprov.target import find_target

ARMHF, ARM64, LOONG64 = (find_target(name) for name in ("armhf", "arm64", "loong64"))

FLOORS = """\
[floors]
"debian:bookworm" = { armhf = "2.34", arm64 = "2.34" }
"debian:bullseye" = { armhf = "2.28", arm64 = "2.17" }
"debian:trixie" = { armhf = "2.38", arm64 = "2.38" }

[check]"""

Make = Callable[..., Recipe]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that makes a recipe, with FLOORS unless told otherwise."""

    def make_recipe(library: str = "foo", *changes: tuple[str, str], floors: str = FLOORS) -> Recipe:
        return read_recipe(write_recipe(tmp_path, library, ("[check]", floors), *changes))

    return make_recipe


def test_the_newest_glibc_comes_first_and_debian_before_ubuntu() -> None:
    names = [suite.name for suite in candidates()]

    assert names[:4] == ["ubuntu:resolute", "debian:trixie", "ubuntu:noble", "debian:bookworm"]
    assert names.index("debian:bullseye") + 1 == names.index("ubuntu:focal")


def test_suites_without_long_support_are_not_chosen() -> None:
    chosen = {suite.codename for suite in candidates()}

    assert chosen.isdisjoint({"sid", "forky", "questing", "hirsute"})


def test_suites_whose_keys_have_expired_come_last() -> None:
    assert [suite.codename for suite in candidates()][-2:] == ["stretch", "jessie"]


def test_a_suite_whose_own_glibc_is_not_above_the_wanted_one_fits_by_itself(make: Make) -> None:
    best = fitting_suites([make(floors="[check]")], ARM64, (2, 31))[0]

    assert (best.suite.name, best.proven) == ("debian:bullseye", True)


def test_a_newer_suite_fits_when_its_libraries_were_measured_to(make: Make) -> None:
    best = fitting_suites([make()], ARM64, (2, 35))[0]

    assert (best.suite.name, best.proven) == ("debian:bookworm", False)


def test_the_reason_names_what_the_next_newer_suite_needs(make: Make) -> None:
    best = fitting_suites([make()], ARM64, (2, 31))[0]

    assert best.reason == "debian:bookworm's foo needs glibc 2.34, wanted is 2.31: using debian:bullseye"


def test_the_next_suites_say_why_they_fit(make: Make) -> None:
    second = fitting_suites([make()], ARM64, (2, 31))[1]

    assert second.reason == "ubuntu:focal's glibc is 2.31, wanted is 2.31"


def test_every_library_has_to_be_measured(make: Make) -> None:
    fits = fitting_suites([make(), make("bar", floors="[check]")], ARM64, (2, 35))

    assert fits[0].suite.name == "ubuntu:jammy"
    assert "debian:bookworm" not in [fit.suite.name for fit in fits]


def test_the_library_that_needs_the_most_decides(make: Make) -> None:
    greedy = make("bar", floors=FLOORS.replace("2.34", "2.36"))

    best = fitting_suites([make(), greedy], ARM64, (2, 35))

    assert "debian:bookworm" not in [fit.suite.name for fit in best]


def test_what_was_measured_on_one_architecture_says_nothing_of_another(make: Make) -> None:
    fits = fitting_suites([make(floors='[floors]\n"debian:bookworm" = { arm64 = "2.34" }\n\n[check]')], ARMHF, (2, 35))

    assert fits[0].suite.name == "ubuntu:jammy"


def test_on_armhf_suites_with_a_64_bit_time_are_passed_over(make: Make) -> None:
    best = fitting_suites([make()], ARMHF, None)[0]

    assert best.suite.name == "debian:bookworm"
    assert best.reason == "debian:trixie's armhf libraries have a 64-bit time_t: using debian:bookworm"


def test_a_suite_without_the_architecture_is_passed_over(make: Make) -> None:
    fits = fitting_suites([make()], find_target("riscv64"), None)

    assert [fit.suite.codename for fit in fits] == ["resolute", "trixie", "noble", "jammy", "focal"]


def test_a_suite_without_the_library_is_passed_over(make: Make) -> None:
    recipe = make("foo", ("debian = [", 'suite."debian:bullseye" = []\ndebian = ['))

    assert fitting_suites([recipe], ARM64, (2, 31))[0].suite.name == "ubuntu:focal"


def test_without_a_wanted_glibc_it_is_the_newest_suite(make: Make) -> None:
    best = fitting_suites([make()], ARM64, None)[0]

    assert (best.suite.name, best.proven) == ("ubuntu:resolute", True)


@pytest.mark.parametrize(("name", "proven"), [("debian:trixie", False), ("debian:sid", False), ("buster", True)])
def test_a_suite_that_is_named_is_the_only_one(make: Make, name: str, *, proven: bool) -> None:
    (fit,) = fitting_suites([make()], ARMHF, (2, 31), named=find_named_suite(name))

    assert (fit.suite, fit.proven) == (find_named_suite(name), proven)
    assert fit.reason == f"{fit.suite.name} was asked for"


def test_where_nothing_is_known_to_fit_the_oldest_unmeasured_suites_are_tried(make: Make) -> None:
    fits = fitting_suites([make()], ARMHF, (2, 17))

    assert [fit.suite.codename for fit in fits] == ["xenial", "bionic", "buster", "jessie", "stretch"]
    assert not any(fit.proven for fit in fits)
    assert "was not measured" in fits[0].reason


def test_a_suite_with_expired_keys_is_no_reason_to_try_no_other(make: Make) -> None:
    fits = fitting_suites([make()], ARMHF, (2, 20))

    assert fits[0].suite.codename == "xenial"
    assert [(fit.suite.codename, fit.proven) for fit in fits][-2:] == [("jessie", True), ("stretch", False)]


def test_a_measured_suite_that_needs_more_is_not_tried(make: Make) -> None:
    floors = "\n".join(f'"{suite.name}" = {{ arm64 = "2.18" }}' for suite in suites())
    recipe = make(floors=f"[floors]\n{floors}\n\n[check]".replace('"debian:jessie" = { arm64 = "2.18" }\n', ""))

    assert [fit.suite.codename for fit in fitting_suites([recipe], ARM64, (2, 17))] == ["jessie"]


def test_musl_fits_no_suite(make: Make) -> None:
    assert fitting_suites([make()], find_target("aarch64-unknown-linux-musl"), None) == ()


def test_that_nothing_fits_is_said_with_what_each_suite_would_need(make: Make) -> None:
    error = unsatisfied([make()], ARMHF, (2, 17))

    lines = error.message.splitlines()
    assert error.exit_code == 5
    assert lines[0] == "no suite has foo for armhf within glibc 2.17"
    assert "  debian:trixie    armhf libraries have a 64-bit time_t" in lines
    assert "  debian:bookworm  foo needs glibc 2.34, wanted is 2.17" in lines
    assert len(lines) == 1 + len(candidates())


def test_an_architecture_of_moving_suites_alone_is_told_where_it_is(make: Make) -> None:
    error = unsatisfied([make()], LOONG64, (2, 36))

    assert error.hint == "debian:forky and debian:sid have loong64, but still move: `--suite debian:sid` takes one"


@pytest.mark.parametrize("text", ["debian:bullseye", "bullseye", "Debian:Bullseye", "debian:11", "11"])
def test_a_suite_is_found_by_any_of_its_names(text: str) -> None:
    assert find_named_suite(text).name == "debian:bullseye"


def test_a_version_names_ubuntus_suite_too() -> None:
    assert find_named_suite("ubuntu:22.04").name == "ubuntu:jammy"


def test_no_two_suites_share_a_name() -> None:
    plain = [name for suite in suites() for name in (suite.codename, suite.version) if name]

    assert len(plain) == len(set(plain))


def test_an_unknown_suite_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="there is no suite `bulseye`") as caught:
        find_named_suite("bulseye")

    assert "did you mean `bullseye`" in (caught.value.hint or "")
