"""Read a workflow as GitHub does: its YAML, and the expressions in it."""

import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def read_workflow(text: str) -> Any:  # noqa: ANN401 - whatever YAML can hold
    """Return what `text` says."""
    return YAML(typ="safe").load(text)


def expand(text: str, known: Mapping[str, str]) -> str:
    """Return `text` with its expressions replaced by what is `known` of them; one that is not is a `KeyError`."""
    return _EXPRESSION.sub(lambda match: known[match[1]], text)


def matrix_row(job: Mapping[str, Any], target: str) -> dict[str, str]:
    """Return the expressions of a job's matrix for the Rust triple `target`."""
    (row,) = (row for row in job["strategy"]["matrix"]["include"] if row["target"] == target)
    return {f"matrix.{key}": value for key, value in {"container": "", **row}.items()}


def step_of(job: Mapping[str, Any], action: str) -> Any:  # noqa: ANN401 - see read_workflow
    """Return the first step of a job that uses `action`."""
    return next(step for step in job["steps"] if step.get("uses", "").startswith(f"{action}@"))
