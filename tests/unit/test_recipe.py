"""A recipe is read strictly, and says which packages a suite needs."""

from pathlib import Path

import pytest
from tests.unit.recipes import write_recipe

from xprov.archive.suites import find_suite
from xprov.errors import UnsatisfiableError, UsageError
from xprov.recipe import Action, Bundle, Crate, Finds, read_recipe

PACKAGES = 'debian = ["libfoo-dev"]'


def test_a_recipe_says_what_its_file_says(tmp_path: Path) -> None:
    recipe = read_recipe(write_recipe(tmp_path, "foo"))

    assert (recipe.library, recipe.summary, recipe.modules) == ("foo", "A library for tests", ("foo-1.0",))
    assert recipe.crates == (Crate(name="foo-sys", links="foo", finds=Finds.PKG_CONFIG),)
    assert (recipe.check.header, recipe.check.symbol, recipe.check.link) == ("foo.h", "foo_new", ("foo",))
    assert (recipe.traps, recipe.environment) == ((), ())


def test_a_library_without_pkg_config_has_no_modules(tmp_path: Path) -> None:
    file = write_recipe(tmp_path, "foo", ('modules = ["foo-1.0"]\n', ""), ('finds = "pkg-config"', 'finds = "link"'))

    recipe = read_recipe(file)

    assert recipe.modules == ()
    assert recipe.crates[0].finds is Finds.LINK


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("summary", "sumary", "`sumary` is not a key that is known here", "did you mean `summary`?"),
        ('summary = "A library for tests"\n', "", "`summary` is missing", None),
        ('"A library for tests"', "7", "`summary` must be a string, not a number", None),
        ('"A library for tests"', '" "', "`summary` is empty", None),
        ('library = "foo"', 'library = "bar"', "`library` is `bar`, but the file is `foo.toml`", "must be the same"),
        ('["foo-1.0"]', '"foo-1.0"', "`modules` must be a list, not a string", None),
        ('["foo-1.0"]', '["a", "a"]', "`modules` names `a` twice", None),
        ("[packages]", "[package]", "`package` is not a key that is known here", "did you mean `packages`?"),
        (PACKAGES, "", "`packages.debian` is missing", None),
        (PACKAGES, f"{PACKAGES}\nubunto = []", "`packages.ubunto` is not a key", "did you mean `ubuntu`?"),
        (
            PACKAGES,
            f"{PACKAGES}\nfedora = []",
            "`packages.fedora` is not a key",
            "it can be `debian`, `ubuntu`, `suite`",
        ),
        (
            PACKAGES,
            f'{PACKAGES}\nsuite."debian:trixi" = []',
            "`packages.suite.debian:trixi` is not a suite",
            "`debian:trixie+`",
        ),
        (
            PACKAGES,
            f'{PACKAGES}\nsuite."fedora:42" = []',
            "`packages.suite.fedora:42` is not a suite",
            "`debian:trixie+`",
        ),
        ('finds = "pkg-config"', "", r"`crates\[1\].finds` is missing", None),
        ('"pkg-config"', '"pkgconfig"', r"`crates\[1\].finds` cannot be `pkgconfig`", "did you mean `pkg-config`?"),
        ("links =", "link =", r"`crates\[1\].link` is not a key", "did you mean `links`?"),
        ("[[crates]]", "[crates]", "`crates` must be a list, not a table", None),
        ("header =", "headers =", "`check.headers` is not a key", "did you mean `header`?"),
        ('link = ["foo"]', "link = []", "`check.link` is empty", None),
        ('link = ["foo"]', "link = [2026-11-21]", r"`check.link\[1\]` must be a string, not a date or time", None),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(
    tmp_path: Path, old: str, new: str, message: str, hint: str | None
) -> None:
    file = write_recipe(tmp_path, "foo", (old, new))

    with pytest.raises(UsageError, match=message) as caught:
        read_recipe(file)

    assert caught.value.message.startswith(f"`{file}`: ")
    assert (hint or "") in (caught.value.hint or "")


def test_a_syntax_error_is_said_with_its_line(tmp_path: Path) -> None:
    file = write_recipe(tmp_path, "foo", ('"A library for tests"', "a library"))

    with pytest.raises(UsageError, match=r"foo.toml` is not TOML: .*line 2"):
        read_recipe(file)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"foo.toml` cannot be read: No such file"):
        read_recipe(tmp_path / "foo.toml")


def test_a_name_that_would_not_work_as_a_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`library` cannot be `My Lib`"):
        read_recipe(write_recipe(tmp_path, "My Lib"))


SUITES = """\
debian = ["plain"]
suite."debian:bullseye" = ["only-bullseye"]
suite."debian:bullseye+" = ["from-bullseye"]
suite."debian:trixie+" = ["from-trixie"]
suite."ubuntu:noble+" = ["from-noble"]
suite."ubuntu:xenial" = []
"""


@pytest.mark.parametrize(
    ("distribution", "codename", "package"),
    [
        ("debian", "buster", "plain"),
        ("debian", "bullseye", "only-bullseye"),
        ("debian", "bookworm", "from-bullseye"),
        ("debian", "trixie", "from-trixie"),
        ("debian", "sid", "from-trixie"),
        ("debian", "a-suite-of-tomorrow", "from-trixie"),
        ("ubuntu", "jammy", "plain"),
        ("ubuntu", "noble", "from-noble"),
    ],
)
def test_a_suite_gets_the_packages_that_come_nearest(
    tmp_path: Path, distribution: str, codename: str, package: str
) -> None:
    recipe = read_recipe(write_recipe(tmp_path, "foo", (PACKAGES, SUITES)))

    assert recipe.packages_for(distribution, codename) == (package,)


def test_ubuntu_may_name_packages_of_its_own(tmp_path: Path) -> None:
    recipe = read_recipe(write_recipe(tmp_path, "foo", (PACKAGES, f'{PACKAGES}\nubuntu = ["libfoo-ubuntu-dev"]')))

    assert recipe.packages_for("debian", "bookworm") == ("libfoo-dev",)
    assert recipe.packages_for("ubuntu", "jammy") == ("libfoo-ubuntu-dev",)
    assert recipe.packages.everywhere() == ("libfoo-dev", "libfoo-ubuntu-dev")


def test_a_suite_without_the_library_cannot_be_satisfied(tmp_path: Path) -> None:
    recipe = read_recipe(write_recipe(tmp_path, "foo", (PACKAGES, SUITES)))

    with pytest.raises(UnsatisfiableError, match="ubuntu xenial has no package for `foo`"):
        recipe.packages_for("ubuntu", "xenial")


def test_another_distribution_cannot_be_satisfied(tmp_path: Path) -> None:
    recipe = read_recipe(write_recipe(tmp_path, "foo"))

    with pytest.raises(UnsatisfiableError, match="`foo` names no packages of `fedora`"):
        recipe.packages_for("fedora", "42")


FLOORS = """\
[floors]
"debian:bullseye" = { armhf = "2.28", arm64 = "2.17" }
"debian:trixie" = { armhf = "2.38" }

[check]"""


def test_floors_that_were_measured_are_found_by_suite_and_architecture(tmp_path: Path) -> None:
    recipe = read_recipe(write_recipe(tmp_path, "foo", ("[check]", FLOORS)))

    bullseye = find_suite("debian", "bullseye")
    assert bullseye is not None
    assert recipe.floor_hint(bullseye, "armhf") == (2, 28)
    assert recipe.floor_hint("debian:bullseye", "arm64") == (2, 17)
    assert recipe.floor_hint("debian:trixie", "arm64") is None
    assert recipe.floor_hint("debian:bookworm", "armhf") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("debian:trixie", "debian:trixi", "`floors.debian:trixi` is not a suite that is known"),
        ("debian:trixie", "trixie", "`floors.trixie` is not a suite that is known"),
        ("debian:trixie", "Debian:Trixie", "`floors.Debian:Trixie` is not a suite that is known"),
        ('{ armhf = "2.38" }', '"2.38"', "`floors.debian:trixie` must be a table, not a string"),
        ('{ armhf = "2.38" }', '{ armv7 = "2.38" }', "`floors.debian:trixie.armv7` is not an architecture of"),
        ('{ armhf = "2.38" }', '{ loong64 = "2.38" }', "`floors.debian:trixie.loong64` is not an architecture of"),
        ('{ armhf = "2.38" }', "{ armhf = 2.38 }", "`floors.debian:trixie.armhf` must be a string, not a number"),
        ('{ armhf = "2.38" }', '{ armhf = "new" }', "`floors.debian:trixie.armhf` cannot be `new`"),
    ],
)
def test_a_floor_that_makes_no_sense_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = write_recipe(tmp_path, "foo", ("[check]", FLOORS.replace(old, new)))

    with pytest.raises(UsageError, match=message):
        read_recipe(file)


def fact(**values: str) -> str:
    """Return an environment entry with `values`, before the table it has to stand before."""
    lines = "\n".join(f'{key} = "{value}"' for key, value in values.items())
    return f"[[environment]]\n{lines}\n\n[packages]"


def test_a_library_says_whether_a_wheel_may_carry_it(tmp_path: Path) -> None:
    bundle = '[bundle]\nallowed = false\nreason = "Plugins."\ninstead = "Leave it."\n\n[packages]'
    file = write_recipe(tmp_path, "foo", ("[packages]", bundle))
    silent = write_recipe(tmp_path, "bar")

    assert read_recipe(file).bundle == Bundle(allowed=False, reason="Plugins.", instead="Leave it.", source=None)
    assert read_recipe(silent).bundle is None


def test_a_word_for_whether_it_may_be_bundled_is_refused(tmp_path: Path) -> None:
    file = write_recipe(tmp_path, "foo", ("[packages]", '[bundle]\nallowed = "no"\nreason = "x"\n\n[packages]'))

    with pytest.raises(UsageError, match=r"`bundle\.allowed` must be a boolean, not a string"):
        read_recipe(file)


def test_a_variable_is_named_after_the_triple(tmp_path: Path) -> None:
    entry = fact(variable="{TRIPLE}_FOO_{triple}", action="drop-unless", needs="include/foo.h", reason="It dangles.")

    found = read_recipe(write_recipe(tmp_path, "foo", ("[packages]", entry))).environment[0]

    assert found.variable_for("armv7-unknown-linux-gnueabihf") == (
        "ARMV7_UNKNOWN_LINUX_GNUEABIHF_FOO_armv7_unknown_linux_gnueabihf"
    )
    assert (found.action, found.needs, found.value_for(tmp_path)) == (Action.DROP_UNLESS, "include/foo.h", None)


def test_a_value_can_name_the_view(tmp_path: Path) -> None:
    entry = fact(variable="FOO_DIR", action="set", value="{view}/usr", reason="It asks nobody.")

    found = read_recipe(write_recipe(tmp_path, "foo", ("[packages]", entry))).environment[0]

    assert found.value_for(Path("/views/armhf")) == "/views/armhf/usr"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"variable": "{triplet}_X"}, "`environment.1..variable` has a `{triplet}` that means nothing here"),
        ({"variable": "{TRIPLE_X"}, "`environment.1..variable` is not a template"),
        ({"value": "{sysroot}"}, "`environment.1..value` has a `{sysroot}` that means nothing here"),
        ({"action": "unset"}, "`environment.1..action` cannot be `unset`"),
        ({"action": "drop-unless"}, "`environment.1..needs` is missing"),
        ({"needs": "foo.h"}, "`environment.1..needs` is not a key that is known here"),
        ({"reason": ""}, "`environment.1..reason` is empty"),
    ],
)
def test_a_variable_that_makes_no_sense_is_refused(tmp_path: Path, entry: dict[str, str], message: str) -> None:
    whole = {"variable": "X", "action": "set", "value": "1", "reason": "Because."} | entry

    with pytest.raises(UsageError, match=message):
        read_recipe(write_recipe(tmp_path, "foo", ("[packages]", fact(**whole))))
