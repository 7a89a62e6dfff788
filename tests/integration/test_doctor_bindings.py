"""Which bindings a project has: maturin's own word, held against what is decided from cargo's and from the files.

The crates `pyo3` and `uniffi` are empty ones of the test's own: maturin goes by names, and nothing is compiled.
"""

import re
from pathlib import Path

import pytest
from tests.integration.maturin import Maturin, fetch, start_maturin
from tests.unit.projects import write_project

from xprov.project.bindings import decide
from xprov.project.features import Selection, resolve
from xprov.project.layout import find_layout
from xprov.project.lock import read_cargo_lock
from xprov.project.manifest import graph_from_files
from xprov.project.metadata import read_metadata
from xprov.target import find_target

PYO3 = "path = '../pyo3'"
OPTIONAL = f"[dependencies]\npyo3 = {{ {PYO3}, optional = true }}\n"

CASES = {
    "plain": (f"[dependencies]\npyo3 = {{ {PYO3} }}\n", ()),
    "none": ("", ()),
    "uniffi": ("[dependencies]\nuniffi = { path = '../uniffi' }\n", ()),
    "optional": (OPTIONAL, ()),
    "optional-on": (OPTIONAL, ("pyo3",)),
    "default": (f"{OPTIONAL}[features]\ndefault = ['pyo3']\n", ()),
    "dep": (f"{OPTIONAL}[features]\npython = ['dep:pyo3']\n", ()),
    "dep-on": (f"{OPTIONAL}[features]\npython = ['dep:pyo3']\n", ("python",)),
    "nested": (f"{OPTIONAL}[features]\nall = ['python']\npython = ['dep:pyo3']\n", ("all",)),
    "slash": (f"{OPTIONAL}[features]\npython = ['pyo3/abi3']\n", ("python",)),
    "weak": (f"{OPTIONAL}[features]\npython = ['pyo3?/abi3']\n", ("python",)),
    "command-slash": (OPTIONAL, ("pyo3/abi3",)),
    "renamed": (f"[dependencies]\nsnake = {{ package = 'pyo3', {PYO3}, optional = true }}\n", ()),
    "renamed-on": (f"[dependencies]\nsnake = {{ package = 'pyo3', {PYO3}, optional = true }}\n", ("snake",)),
    "other-platform": (f"[target.'cfg(windows)'.dependencies]\npyo3 = {{ {PYO3} }}\n", ()),
    "development": (f"[dev-dependencies]\npyo3 = {{ {PYO3} }}\n", ()),
    "through-a-crate": ("[dependencies]\nbetween = { path = '../between' }\n", ()),
    "through-a-crate-on": ("[dependencies]\nbetween = { path = '../between', features = ['snake'] }\n", ()),
}
TRIPLE = find_target("amd64").rust


@pytest.fixture(scope="module")
def maturin(tmp_path_factory: pytest.TempPathFactory) -> Maturin:
    return start_maturin(tmp_path_factory.mktemp("maturin"))


def _write(top: Path, cargo: str, features: tuple[str, ...]) -> Path:
    for name, more in {
        "pyo3": "[features]\nabi3 = []\n",
        "uniffi": "",
        "between": "[dependencies]\npyo3 = { path = '../pyo3', optional = true }\n[features]\nsnake = ['dep:pyo3']\n",
    }.items():
        (top / name / "src").mkdir(parents=True)
        (top / name / "src/lib.rs").touch()
        (top / name / "Cargo.toml").write_text(f"[package]\nname = '{name}'\nversion = '0.26.0'\n{more}")
    pyproject = f"[tool.maturin]\nfeatures = {list(features)}\n"
    return fetch(write_project(top / "demo", {"Cargo.toml": cargo, "pyproject.toml": pyproject}))


@pytest.mark.parametrize("case", CASES)
def test_bindings_are_decided_as_maturin_decides(tmp_path: Path, maturin: Maturin, case: str) -> None:
    cargo, features = CASES[case]
    folder = _write(tmp_path, cargo, features)
    manifest = find_layout(folder).manifest
    by_cargo = read_metadata(manifest.path, None)
    by_files = graph_from_files(manifest, read_cargo_lock(folder / "Cargo.lock"))

    said = maturin.run(folder, "pep517", "write-dist-info", "--metadata-directory", "out").log
    found = re.search("Found (\\w+) bindings", said)

    assert found, said
    assert by_cargo is not None
    selection = Selection(features=features)
    assert decide(resolve(by_cargo, selection)).value == found[1]
    assert decide(resolve(by_files, selection)).value == found[1]


def test_a_feature_that_another_member_turns_on_does_not_count(tmp_path: Path, maturin: Maturin) -> None:
    folder = _write(tmp_path, OPTIONAL, ())
    (tmp_path / "Cargo.toml").write_text("[workspace]\nresolver = '2'\nmembers = ['demo', 'sibling']\n")
    sibling = "[dependencies]\ndemo = { path = '../demo', features = ['pyo3'] }\n"
    write_project(tmp_path / "sibling", {"Cargo.toml": sibling})
    (tmp_path / "sibling/Cargo.toml").write_text(
        (tmp_path / "sibling/Cargo.toml").read_text().replace('"demo"', '"sibling"')
    )
    (folder / "Cargo.toml").write_text((folder / "Cargo.toml").read_text().replace('["cdylib"]', '["cdylib", "rlib"]'))
    fetch(tmp_path)
    graph = read_metadata(folder / "Cargo.toml", TRIPLE)

    said = maturin.run(folder, "pep517", "write-dist-info", "--metadata-directory", "out").log

    assert graph is not None
    assert "Found cffi bindings" in said
    assert decide(resolve(graph, Selection())).value == "cffi"
