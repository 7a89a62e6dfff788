"""Workflows that were generated: by xprov, by maturin, and whether GitHub would read them."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.integration.maturin import Done, xprov
from tests.integration.written import need
from tests.workflows import read_workflow


def expect(done: Done) -> str:
    """Return what a command that went well has written."""
    assert done.code == 0, done.log
    return done.log


def github(checkout: Path, *words: str, environ: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - YAML's
    """Return the workflow that `xprov ci github` writes for the project."""
    expect(xprov(checkout, "ci", "github", "-o", "workflow.yml", "--force", *words, environ=environ))
    return read_workflow((checkout / "workflow.yml").read_text())


def generate(checkout: Path) -> Any:  # noqa: ANN401 - what YAML can hold
    """Return the workflow that real maturin writes for the project, held against GitHub's schema."""
    need("cargo")
    file = checkout / ".github/workflows/CI.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    _run(checkout, "maturin", "generate-ci", "github", "--output", str(file))
    validate("vendor.github-workflows", file)
    return read_workflow(file.read_text())


def validate(schema: str, *files: Path) -> None:
    """Fail unless each file is what a schema says that check-jsonschema carries."""
    _run(Path(), "check-jsonschema", "--builtin-schema", schema, *map(str, files))


def _run(folder: Path, name: str, *words: str) -> None:
    program = Path(sys.executable).with_name(name)
    done = subprocess.run([str(program), *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
