"""Cargo's features and maturin's bindings, decided from the files of a project alone."""

from pathlib import Path

import pytest
from tests.unit.projects import facts_of, findings_of, write_project

from xprov.project.bindings import Bindings, decide
from xprov.project.features import Selection, resolve
from xprov.project.finding import Severity
from xprov.project.platform import applies
from xprov.target import find_target

OPTIONAL = '[dependencies]\npyo3 = { version = "0.26", optional = true }\n\n'


def _bindings(folder: Path, *features: str, target: str | None = None, forced: str | None = None) -> Bindings:
    selection = Selection(features=features, target=find_target(target) if target else None)
    return decide(resolve(facts_of(folder).project.graph, selection), forced)


@pytest.mark.parametrize(
    ("cargo", "features", "bindings"),
    [
        ("[dependencies]\npyo3 = '0.26'\n", (), Bindings.PYO3),
        ("[dependencies]\npyo3-ffi = '0.26'\n", (), Bindings.PYO3),
        ("[dependencies]\nlibc = '0.2'\n", (), Bindings.CFFI),
        ("[dependencies]\nuniffi = '0.28'\n", (), Bindings.UNIFFI),
        (OPTIONAL, (), Bindings.CFFI),
        (OPTIONAL, ("pyo3",), Bindings.PYO3),
        (OPTIONAL, ("pyo3/abi3",), Bindings.PYO3),
        # As cargo metadata has it: a build does without pyo3 then.
        (OPTIONAL, ("pyo3?/abi3",), Bindings.PYO3),
        (f"{OPTIONAL}[features]\npython = ['dep:pyo3']\n", ("python",), Bindings.PYO3),
        (f"{OPTIONAL}[features]\npython = ['dep:pyo3']\n", ("pyo3",), Bindings.CFFI),
        (f"{OPTIONAL}[features]\ndefault = ['python']\npython = ['dep:pyo3']\n", (), Bindings.PYO3),
        (f"{OPTIONAL}[features]\npython = ['pyo3/extension-module']\n", ("python",), Bindings.PYO3),
        (f"{OPTIONAL}[features]\npython = ['pyo3?/extension-module']\n", ("python",), Bindings.PYO3),
        ("[dependencies]\npy = { package = 'pyo3', version = '0.26', optional = true }\n", ("py",), Bindings.PYO3),
        ("[dependencies]\npyo3 = { package = 'libc', version = '0.2' }\n", (), Bindings.CFFI),
        ("[dev-dependencies]\npyo3 = '0.26'\n", (), Bindings.PYO3),
        ("[target.'cfg(windows)'.dependencies]\npyo3 = '0.26'\n", (), Bindings.PYO3),
    ],
)
def test_bindings_are_those_that_maturin_takes(
    tmp_path: Path, cargo: str, features: tuple[str, ...], bindings: Bindings
) -> None:
    write_project(tmp_path, {"Cargo.toml": cargo})

    assert _bindings(tmp_path, *features) is bindings


def test_a_dependency_of_another_platform_does_not_count_for_a_target(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": "[target.'cfg(windows)'.dependencies]\npyo3 = '0.26'\n"})

    assert _bindings(tmp_path, target="armhf") is Bindings.CFFI


def test_a_weak_feature_waits_for_its_dependency(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": f"{OPTIONAL}[features]\nfast = ['pyo3?/abi3']\npython = ['dep:pyo3']\n"})

    resolved = resolve(facts_of(tmp_path).project.graph, Selection(features=("fast", "python"), as_metadata=False))
    without = resolve(facts_of(tmp_path).project.graph, Selection(features=("fast",), as_metadata=False))

    assert "abi3" in resolved.features_of("pyo3")
    assert not without.has("pyo3")


def test_bindings_that_were_forced_are_taken_or_given_up(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": OPTIONAL})

    assert _bindings(tmp_path, forced="pyo3") is Bindings.NONE
    assert _bindings(tmp_path, "pyo3", forced="cffi") is Bindings.CFFI


def test_pyo3_comes_through_a_crate_of_the_workspace_with_what_is_inherited(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text(
        "[workspace]\nmembers = ['core', 'python']\n[workspace.dependencies]\ncore = { path = 'core' }\n"
        "snake = { package = 'pyo3', version = '0.26' }\n"
    )
    write_project(tmp_path / "core", {"Cargo.toml": "[dependencies]\nsnake = { workspace = true, optional = true }\n"})
    write_project(tmp_path / "python", {"Cargo.toml": "[dependencies]\ncore = { workspace = true }\n"})

    assert _bindings(tmp_path / "python") is Bindings.CFFI
    assert _bindings(tmp_path / "python", "core/snake") is Bindings.PYO3


@pytest.mark.parametrize(
    ("platform", "target", "counts"),
    [
        ("cfg(unix)", "armhf", True),
        ("cfg(windows)", "armhf", False),
        ("cfg(not(windows))", "armhf", True),
        ('cfg(target_arch = "arm")', "armhf", True),
        ('cfg(all(target_os = "linux", target_pointer_width = "64"))', "armhf", False),
        ('cfg(any(target_arch = "x86_64", target_arch = "aarch64"))', "arm64", True),
        ('cfg(all(unix, not(any(target_env = "musl", target_endian = "big"))))', "s390x", False),
        ('cfg(target_endian = "big")', "s390x", True),
        ('cfg(target_env = "musl")', "armv7-unknown-linux-musleabihf", True),
        ('cfg(target_arch = "powerpc64")', "ppc64el", True),
        ("armv7-unknown-linux-gnueabihf", "armhf", True),
        ("x86_64-pc-windows-msvc", "amd64", False),
    ],
)
def test_a_platform_is_that_of_a_target(platform: str, target: str, *, counts: bool) -> None:
    assert applies(platform, find_target(target)) is counts


def test_the_feature_that_is_off_is_named_with_line_and_edit(tmp_path: Path) -> None:
    write_project(
        tmp_path, {"Cargo.toml": f"{OPTIONAL}[features]\npython = ['dep:pyo3']\nall = ['python', 'x']\nx=[]\n"}
    )

    (finding,) = findings_of(facts_of(tmp_path), "pyo3-feature-off")

    assert finding.severity is Severity.BREAKS
    assert finding.place is not None
    assert finding.place.line == 10
    assert finding.edit is not None
    assert finding.safe
    assert finding.edit.apply((tmp_path / "pyproject.toml").read_text()).endswith(
        '\n[tool.maturin]\nfeatures = ["python"]\n'
    )


@pytest.mark.parametrize(
    "files",
    [
        {"Cargo.toml": "[dependencies]\nlibc = '0.2'\n"},
        {"Cargo.toml": OPTIONAL, "pyproject.toml": "[tool.maturin]\nfeatures = ['pyo3']\n"},
        {"Cargo.toml": OPTIONAL, "pyproject.toml": "[tool.maturin]\nall-features = true\n"},
        {"Cargo.toml": OPTIONAL, "pyproject.toml": "[tool.maturin]\nbindings = 'cffi'\n"},
        {"Cargo.toml": f"{OPTIONAL}[features]\ndefault = ['pyo3']\n"},
    ],
)
def test_a_project_whose_pyo3_is_on_or_not_meant_is_left_alone(tmp_path: Path, files: dict[str, str]) -> None:
    write_project(tmp_path, files)

    assert findings_of(facts_of(tmp_path), "pyo3-feature-off") == []


def test_the_features_of_a_project_that_setuptools_builds_stand_elsewhere(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": OPTIONAL})
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"maturin"', '"setuptools.build_meta"'))
    by_setuptools = findings_of(facts_of(tmp_path), "pyo3-feature-off")
    (tmp_path / "Makefile").write_text("wheel:\n\tmaturin build\n")

    assert by_setuptools == []
    assert len(findings_of(facts_of(tmp_path), "pyo3-feature-off")) == 1


def test_a_feature_that_only_commands_turn_on_is_a_risk_for_those_who_build_the_sdist(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": OPTIONAL, "Makefile": "wheel:\n\tmaturin build --features pyo3\n"})

    (finding,) = findings_of(facts_of(tmp_path), "pyo3-feature-off")

    assert finding.severity is Severity.RISK


def test_a_command_whose_features_take_the_place_of_the_project_s_is_named(tmp_path: Path) -> None:
    write_project(
        tmp_path,
        {
            "Cargo.toml": f"{OPTIONAL}[features]\nfast = []\n",
            "pyproject.toml": "[tool.maturin]\nfeatures = ['pyo3']\n",
            "Makefile": "wheel:\n\tmaturin build --features fast\n",
        },
    )

    (finding,) = findings_of(facts_of(tmp_path), "pyo3-feature-off")

    assert finding.place is not None
    assert (finding.place.file, finding.place.line) == (tmp_path / "Makefile", 2)
    assert "add `pyo3` to its `--features`" in finding.fix


@pytest.mark.parametrize(
    "words", ["--features ${{ matrix.features }}", "$ARGS", "-b $BINDINGS", "-m $CRATE/Cargo.toml"]
)
@pytest.mark.parametrize("pyproject", ["", "[tool.maturin]\nfeatures = ['pyo3']\n"])
def test_features_that_only_the_job_knows_break_nothing(tmp_path: Path, pyproject: str, words: str) -> None:
    command = f"maturin build --no-default-features --features fast {words}\n"
    cargo = f"{OPTIONAL}[features]\nfast = []\n"
    write_project(tmp_path, {"Cargo.toml": cargo, "pyproject.toml": pyproject, "build.sh": command})

    found = findings_of(facts_of(tmp_path), "pyo3-feature-off")

    # What pip builds from the sdist is another thing: it has no pyo3 whatever the command has.
    assert [finding.severity for finding in found] == ([] if pyproject else [Severity.RISK])


def test_features_that_only_the_job_knows_help_no_one_whose_pyo3_is_of_another_platform(tmp_path: Path) -> None:
    cargo = "[target.'cfg(windows)'.dependencies]\npyo3 = '0.26'\n"
    write_project(tmp_path, {"Cargo.toml": cargo, "build.sh": "maturin build --features $FEATURES\n"})

    assert [finding.severity for finding in findings_of(facts_of(tmp_path), "pyo3-feature-off")] == [Severity.BREAKS]


@pytest.mark.parametrize(
    ("arguments", "pyproject", "severities"),
    [
        ("--features fast", "[tool.maturin]\nfeatures = ['pyo3']\n", [Severity.BREAKS]),
        ("--features 'fast pyo3'", "[tool.maturin]\nfeatures = ['pyo3']\n", []),
        # Others have no such variable.
        ("--features pyo3", "", [Severity.RISK]),
        ("", "", [Severity.BREAKS]),
        ("--profile dev", "", [Severity.BREAKS]),
    ],
)
def test_a_variable_has_front_ends_of_this_shell_take_other_features(
    tmp_path: Path, arguments: str, pyproject: str, severities: list[Severity]
) -> None:
    write_project(tmp_path, {"Cargo.toml": f"{OPTIONAL}[features]\nfast = []\n", "pyproject.toml": pyproject})

    found = findings_of(facts_of(tmp_path, environ={"MATURIN_PEP517_ARGS": arguments}), "pyo3-feature-off")

    assert [finding.severity for finding in found] == severities


def test_pyo3_of_another_platform_is_found(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": "[target.'cfg(windows)'.dependencies]\npyo3 = '0.26'\n"})

    (finding,) = findings_of(facts_of(tmp_path), "pyo3-feature-off")

    assert finding.place is not None
    assert finding.place.line == 10
    assert "the wheel lacks the module" in finding.seen
