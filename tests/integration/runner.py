"""A runner's job with a composite action in it: its steps one after the other, as GitHub's runner does them.

Source: GitHub Actions, "Workflow commands" (the files behind GITHUB_ENV and GITHUB_PATH) and "Workflow syntax" (bash).
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.containers import Box, Finished
from tests.workflows import expand

TEMP = "/home/runner/work/_temp/runner"

_LINE = re.compile(r"(?P<name>[^=<\n]+)(?:=(?P<value>.*)|<<(?P<end>.+)\n(?P<lines>(?:.*\n)*?)(?P=end))\n")


def variables_in(text: str) -> dict[str, str]:
    """Return what the content of the file behind GITHUB_ENV sets; raises `ValueError` for what a runner refuses."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _LINE.match(text, at)
        if match is None:
            raise ValueError(f"a runner cannot read: {text[at:].splitlines()[0]}")
        found[match["name"]] = match["value"] if match["end"] is None else match["lines"].removesuffix("\n")
        at = match.end()
    return found


@dataclass(kw_only=True, slots=True)
class Runner:
    """A job that runs in `box` as if that were a runner: what its steps have told it so far."""

    box: Box
    environ: dict[str, str] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)

    def use(self, action: Any, inputs: Mapping[str, str], folder: str) -> list[Finished]:  # noqa: ANN401 - of YAML
        """Run the steps of a composite action whose files are in `folder`, and return how each went."""
        unknown = set(inputs) - set(action["inputs"])
        assert unknown == set(), "a runner warns of inputs that an action has not"
        given = {name: str(described.get("default", "")) for name, described in action["inputs"].items()}
        given |= inputs
        known = {f"inputs.{name}": value for name, value in given.items()}
        known["inputs.xprov || github.action_path"] = given["xprov"] or folder
        return [self._step(step, known) for step in action["runs"]["steps"]]

    def exports(self) -> list[str]:
        """Return lines of bash that have what a later step is given."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.environ.items()]
        return [*lines, *(f'export PATH={shlex.quote(folder)}:"$PATH"' for folder in self.path)]

    def _step(self, step: Any, known: Mapping[str, str]) -> Finished:  # noqa: ANN401 - see use
        assert step["shell"] == "bash"
        own = {name: expand(value, known) for name, value in step.get("env", {}).items()}
        files = {"GITHUB_ENV": f"{TEMP}/env", "GITHUB_PATH": f"{TEMP}/path", "RUNNER_TEMP": TEMP}
        self.box.run(f"mkdir -p {TEMP}; : > {TEMP}/env; : > {TEMP}/path").expect()
        script = f"bash --noprofile --norc -eo pipefail -c {shlex.quote(step['run'])}"
        done = self.box.run("\n".join([*self.exports(), script]), env={**own, **files}).expect()
        self.environ |= variables_in(self.box.run(f"cat {TEMP}/env").expect().stdout)
        self.path += self.box.run(f"cat {TEMP}/path").expect().stdout.splitlines()
        return done
