"""Write a workflow as YAML: its templates lie beside, and are what is written but for what stands in `%{...}`. Pure."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from xprov.ci.actions import actions
from xprov.ci.before_script import before_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from xprov.ci.images import Build
    from xprov.ci.model import Workflow

_ALONE = re.compile(r"^(?P<indent> *)%\{(?P<name>\w+)\}$")


class _Template(Template):
    """A template that leaves `$` to the shell and to GitHub."""

    delimiter = "%"


def render_workflow(workflow: Workflow) -> str:
    """Return the text of the file."""
    templates = ["workflow.yml", *(["publish.yml"] if workflow.publishes else [])]
    text = "".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in templates)
    whole = "\n".join(_with_blocks(text.splitlines(), _blocks(workflow)))
    return _Template(whole).substitute(_values(workflow)) + "\n"


def _with_blocks(lines: Iterable[str], blocks: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield `lines`, and in place of each that is the name of a block, the lines of that, as far to the right."""
    for line in lines:
        alone = _ALONE.match(line)
        if alone is None:
            yield line
            continue
        for below in blocks[alone["name"]]:
            # What is data must not be taken for the name of a value.
            yield alone["indent"] + below.replace("%", "%%")


def _blocks(workflow: Workflow) -> dict[str, tuple[str, ...]]:
    has_containers = any(build.container for build in workflow.builds)
    below = workflow.folder.parts
    return {
        "matrix": tuple(line for build in workflow.builds for line in _row(build)),
        "container": ("container: ${{ matrix.container }}",) if has_containers else (),
        "folder": (f"working-directory: {_quoted(str(workflow.folder))}",) if below else (),
        "script": before_script("${{ matrix.target }}", "${{ env.XPROV }}", workflow.setup),
        "check": tuple(_check(workflow)),
    }


def _values(workflow: Workflow) -> dict[str, str]:
    options = ["--release", "--out dist", *(["--find-interpreter"] if workflow.find_interpreter else [])]
    return {
        **actions(),
        "command": workflow.command,
        "requirement": _quoted(workflow.requirement),
        "locks": ", ".join(_expressed(str(lock)) for lock in workflow.locks),
        "arguments": " ".join(options),
        "dist": _quoted(str(workflow.folder / "dist")) if workflow.folder.parts else "dist",
    }


def _row(build: Build) -> Iterator[str]:
    yield f"- target: {build.target.rust}"
    # A number in which `_` may stand, to YAML.
    yield f"  manylinux: {_quoted(build.manylinux)}"
    if build.container:
        yield f"  container: {_quoted(build.container)}"


def _check(workflow: Workflow) -> Iterator[str]:
    options = "--require-proof " if workflow.unproven is None else ""
    if workflow.unproven is not None:
        yield f"# Without --require-proof: {workflow.unproven}."
    yield f'"$RUNNER_TEMP/venv/bin/xprov" check-wheel {options}dist/*'


def _quoted(text: str) -> str:
    """Return `text` as a string of YAML's, of which JSON's are a part."""
    return json.dumps(text, ensure_ascii=False)


def _expressed(text: str) -> str:
    """Return `text` as a string in an expression of GitHub's."""
    return "'{}'".format(text.replace("'", "''"))
