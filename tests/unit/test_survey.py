"""The table of `xprov suites`: which suites, what they need, and who says so."""

from pathlib import Path

import pytest
from tests.unit.recipes import write_recipe

from xprov.apt.dpkg import InstalledPackage, parse_relations
from xprov.archive.candidate import Candidate
from xprov.archive.suites import Suite
from xprov.errors import UnsatisfiableError, UsageError
from xprov.recipe import Recipe, read_recipe
from xprov.suite_choice import find_named_suite
from xprov.survey import FloorSource, SuiteAnswer, make_row, missing_row, read_answer, suites_for
from xprov.survey_report import survey_as_json, survey_as_table
from xprov.target import find_target

ARMHF = find_target("armhf")
BOOKWORM, TRIXIE, BUSTER = (find_named_suite(name) for name in ("bookworm", "trixie", "buster"))
MEASURED = '[floors]\n"debian:bookworm" = { armhf = "2.34" }\n\n[check]'


def recipe_of(folder: Path, library: str = "foo", *changes: tuple[str, str]) -> Recipe:
    return read_recipe(write_recipe(folder, library, *changes))


def package(name: str, version: str, depends: str = "") -> Candidate:
    relations = parse_relations(depends)
    return Candidate(
        package=InstalledPackage(name=name, architecture="armhf", version=version, source=name, depends=relations)
    )


def names(suites: tuple[Suite, ...]) -> list[str]:
    return [suite.codename for suite in suites]


def test_the_suites_of_a_target_are_those_that_have_its_architecture(tmp_path: Path) -> None:
    found = names(suites_for([recipe_of(tmp_path)], find_target("riscv64")))

    assert found == ["resolute", "trixie", "noble", "jammy", "focal"]


def test_an_architecture_that_only_moving_suites_have_shows_these(tmp_path: Path) -> None:
    assert names(suites_for([recipe_of(tmp_path)], find_target("loong64"))) == ["sid", "forky"]


def test_a_suite_without_the_library_is_not_shown(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, "foo", ("debian = [", 'suite."debian:trixie+" = []\ndebian = ['))

    assert "trixie" not in names(suites_for([recipe], ARMHF))


def test_a_library_that_no_suite_has_is_said(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, "foo", ("debian = [", 'suite."debian:jessie+" = []\ndebian = ['))

    with pytest.raises(UnsatisfiableError, match="no suite has foo for armel"):
        suites_for([recipe], find_target("armel"))


def test_a_target_without_glibc_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no suite has libraries for `armv7-unknown-linux-musleabihf`"):
        suites_for([recipe_of(tmp_path)], find_target("armv7-unknown-linux-musleabihf"))


def test_the_packages_say_their_version_and_the_libc_that_they_depend_on(tmp_path: Path) -> None:
    closure = [
        package("libfoo1", "1.2-3", "libc6 (>= 2.29), libbar1 (>= 2.99)"),
        package("libbar1", "3", "libc6 (>= 2.34-1~)"),
        package("libfoo-dev", "1.2-3+b1", "libfoo1 (= 1.2-3), libc6-dev (>= 2.40)"),
    ]

    answer = read_answer([recipe_of(tmp_path)], BOOKWORM, closure)

    assert answer == SuiteAnswer(versions={"foo": "1.2-3+b1"}, floor=(2, 34))


def test_what_was_measured_comes_before_what_packages_say(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, "foo", ("[check]", MEASURED))

    row = make_row(BOOKWORM, [recipe], ARMHF, SuiteAnswer(versions={"foo": "1"}, floor=(2, 36)))

    assert (row.floor, row.source) == ((2, 34), FloorSource.MEASURED)


def test_packages_speak_for_a_library_that_was_not_measured(tmp_path: Path) -> None:
    recipes = [recipe_of(tmp_path, "foo", ("[check]", MEASURED)), recipe_of(tmp_path, "bar")]

    row = make_row(BOOKWORM, recipes, ARMHF, SuiteAnswer(versions={}, floor=(2, 33)))

    assert (row.floor, row.source) == ((2, 34), FloorSource.PACKAGES)


def test_without_an_answer_it_is_the_glibc_of_the_suite(tmp_path: Path) -> None:
    row = make_row(BOOKWORM, [recipe_of(tmp_path)], ARMHF, None)

    assert (row.floor, row.source, row.versions) == ((2, 36), FloorSource.SUITE, {})


@pytest.mark.parametrize(
    ("suite", "target", "marks"),
    [
        (BOOKWORM, "armhf", ()),
        (TRIXIE, "armhf", ("64-bit time_t",)),
        (TRIXIE, "arm64", ()),
        (BUSTER, "armhf", ("no longer supported",)),
        (find_named_suite("jessie"), "armhf", ("no longer supported", "keys have expired")),
        (find_named_suite("sid"), "arm64", ("short-lived or still moving",)),
    ],
)
def test_what_speaks_against_a_suite_is_marked(
    tmp_path: Path, suite: Suite, target: str, marks: tuple[str, ...]
) -> None:
    assert make_row(suite, [recipe_of(tmp_path)], find_target(target), None).marks == marks


def test_the_table_tells_what_is_known_from_what_is_a_bound(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, "foo", ("[check]", MEASURED))
    answer = SuiteAnswer(versions={"foo": "1.2-3"}, floor=None)

    _, lines = survey_as_table(
        [make_row(BOOKWORM, [recipe], ARMHF, answer), make_row(TRIXIE, [recipe], ARMHF, None)], ARMHF
    )

    assert lines == [
        ("debian:bookworm", "2.36", "1.2-3", "2.34", "manylinux_2_34", ""),
        ("debian:trixie", "2.41", "-", "<= 2.41", "manylinux_2_41", "64-bit time_t"),
    ]


def test_a_suite_that_has_not_what_is_asked_for_promises_nothing() -> None:
    _, lines = survey_as_table([missing_row(TRIXIE, ARMHF)], ARMHF)

    assert lines == [("debian:trixie", "2.41", "-", "-", "-", "not to be had there, 64-bit time_t")]


def test_several_libraries_have_their_names_beside_the_versions(tmp_path: Path) -> None:
    recipes = [recipe_of(tmp_path), recipe_of(tmp_path, "bar")]
    row = make_row(BOOKWORM, recipes, ARMHF, SuiteAnswer(versions={"foo": "1", "bar": "2"}, floor=None))

    _, lines = survey_as_table([row], ARMHF)

    assert lines[0][2] == "foo 1, bar 2"


def test_a_program_reads_the_same(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    row = make_row(find_named_suite("sid"), [recipe], find_target("arm64"), None)

    said = survey_as_json([row], [recipe], find_target("arm64"))

    assert (said["version"], said["target"], said["libraries"]) == (1, "arm64", ["foo"])
    assert said["suites"] == [
        {
            "suite": "debian:sid",
            "glibc": None,
            "versions": {},
            "floor": None,
            "floor_from": "suite",
            "lowest_tag": None,
            "notes": ["short-lived or still moving"],
        }
    ]
