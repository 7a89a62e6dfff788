"""What `xprov ci maturin` writes into pyproject.toml, and what it leaves as it was."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from tests.unit.locks import make_lock, make_locked

from xprov.ci.before_script import INSTALL
from xprov.ci.generate_ci import joined
from xprov.ci.maturin import decide_change
from xprov.ci.requirement import Requirement
from xprov.errors import UsageError, VerificationError, XprovError
from xprov.lockfile import Lock
from xprov.project.tomlfile import TomlFile
from xprov.toml import parse_toml

EMPTY = Lock(targets={})
SETUP = "/opt/xprov/bin/xprov setup ${{ matrix.platform.target }}"


def changed(text: str, *libraries: str, lock: Lock = EMPTY, recipes: Sequence[str] = ()) -> str:
    """Return pyproject.toml after the change."""
    text = dedent(text)
    file = TomlFile(path=Path("pyproject.toml"), text=text, values=parse_toml(text))
    return decide_change(file, libraries, recipes, Requirement(text="xprov==1.2"), lock).apply(text)


def test_a_project_without_settings_gets_a_script_for_linux_and_keeps_its_platforms() -> None:
    text = '[project]\nname = "demo"  # a comment\n'

    after = changed(text, "alsa", "dbus")

    assert after.startswith(text)
    github = parse_toml(after)["tool"]["maturin"]["generate-ci"]["github"]
    # A table of one platform would have maturin leave out those without.
    assert set(github) == {"linux", "musllinux", "windows", "macos"}
    assert set(github["linux"]) == {"before-script-linux", "manylinux"}
    assert github["linux"]["manylinux"] == "2_28"
    assert f'"xprov==1.2"; {SETUP} alsa dbus; source "$HOME/.xprov/env"' in github["linux"]["before-script-linux"]


def test_the_second_time_nothing_changes_and_other_libraries_take_the_place_of_the_first() -> None:
    once = changed("", "alsa")

    assert changed(once, "alsa") == once
    more = changed(once, "alsa", "dbus")
    assert more == once.replace("alsa;", "alsa dbus;")
    assert changed(once, "alsa", recipes=("ci/recipes",)) == once.replace("alsa;", "alsa --recipes ci/recipes;")


def test_what_the_project_has_written_stays() -> None:
    text = """\
        [tool.maturin]
        features = ["python"] # pyo3

        [tool.maturin.generate-ci.github]
        pytest = true

        [tool.maturin.generate-ci.github.linux]
        # Our users are on RHEL 7.
        manylinux = "2014"
        targets = ["x86_64", "armv7"]
        before-script-linux = "yum install -y clang;"
        """

    after = changed(text, "alsa")

    github = parse_toml(after)["tool"]["maturin"]["generate-ci"]["github"]
    assert set(github) == {"pytest", "linux"}
    assert github["linux"]["manylinux"] == "2014"
    assert github["linux"]["targets"] == ["x86_64", "armv7"]
    assert github["linux"]["before-script-linux"].startswith(f"yum install -y clang; {INSTALL}; ")
    lines = [line for line in dedent(text).splitlines() if not line.startswith("before-script")]
    assert [line for line in after.splitlines() if not line.startswith("before-script")] == lines


def test_a_target_with_a_script_of_its_own_gets_the_lines_too() -> None:
    text = """\
        [[tool.maturin.generate-ci.github.linux.target]]
        arch = "x86_64"

        [[tool.maturin.generate-ci.github.linux.target]]
        arch = "aarch64"
        before-script-linux = "apt-get install -y nasm"
        """

    linux = parse_toml(changed(text, "alsa"))["tool"]["maturin"]["generate-ci"]["github"]["linux"]

    assert SETUP in linux["before-script-linux"]
    plain, own = linux["target"]
    assert plain == {"arch": "x86_64"}
    assert own["before-script-linux"] == f"apt-get install -y nasm; {linux['before-script-linux']}"


def test_a_block_of_yaml_is_gone_on_with_as_it_is_indented() -> None:
    there = "|\n              yum install -y clang\n              echo done\n"

    assert joined(there, "a; b") == f"{there}              a; b"


@pytest.mark.parametrize("there", ["one\ntwo", "'yum install: clang'", "echo a # b", "echo 'a: b'"])
def test_a_script_that_yaml_would_misread_is_not_added_to(there: str) -> None:
    with pytest.raises(UsageError, match="YAML would misread"):
        joined(there, "a; b")


def test_what_is_locked_is_set_up_from_the_lock_for_its_targets() -> None:
    lock = make_lock(replace(make_locked(), glibc=(2, 28)))

    linux = parse_toml(changed("", lock=lock))["tool"]["maturin"]["generate-ci"]["github"]["linux"]

    assert linux["targets"] == ["armv7"]
    assert f"{SETUP} --locked; " in linux["before-script-linux"]
    with pytest.raises(VerificationError, match="has nothing for amd64"):
        changed('[tool.maturin.generate-ci.github.linux]\ntargets = ["x86_64"]\n', lock=lock)


def test_what_is_locked_for_a_tag_without_a_container_needs_one_of_the_projects_own() -> None:
    with pytest.raises(UsageError, match=r"for armhf may need glibc 2\.31, and maturin-action has no container"):
        changed("", lock=make_lock())

    own = '[tool.maturin.generate-ci.github.linux]\ntargets = ["armv7"]\nmanylinux = "2_31"\ncontainer = "own/image"\n'
    assert f"{SETUP} --locked; " in changed(own, lock=make_lock())


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ("zig = true", "`zig = true` has maturin-action build on the runner", "take it out"),
        ('linux = { manylinux = "off" }', '`manylinux = "off"` has maturin-action build on the runner', "take it out"),
        (
            'linux = { targets = ["armv7"], manylinux = "2_31" }',
            '`manylinux = "2_31"`, for which there is no container of armhf,',
            'name one beside it: `container = "ghcr.io/rust-cross/manylinux_2_28-cross:armv7"`',
        ),
    ],
)
def test_what_would_be_built_on_the_runner_is_told(settings: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        changed(f"[tool.maturin.generate-ci.github]\n{settings}\n", "alsa")

    assert message in caught.value.message
    assert (caught.value.hint or "").startswith(hint)


def test_a_container_of_the_projects_own_is_fine_with_any_tag() -> None:
    text = '[tool.maturin.generate-ci.github.linux]\ntargets = ["armv7"]\nmanylinux = "2_31"\ncontainer = "own/image"\n'

    assert SETUP in changed(text, "alsa")


def test_targets_of_several_tags_keep_maturins_own() -> None:
    text = '[tool.maturin.generate-ci.github.linux]\ntargets = ["armv7", "riscv64"]\n'

    assert "manylinux" not in changed(text, "alsa")


@pytest.mark.parametrize("text", ["[tool]\nmaturin = 1\n", "[tool.maturin]\ngenerate-ci = []\n"])
def test_what_is_no_table_is_told(text: str) -> None:
    with pytest.raises(XprovError, match="should stand in is no table"):
        changed(text, "alsa")
