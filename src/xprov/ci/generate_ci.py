"""Have the workflow that `maturin generate-ci github` writes set up libraries: its settings in pyproject.toml.

Read in maturin 1.16, `src/ci/github`: a table of a platform leaves all platforms without one out, and a before-script
is written into the workflow as it stands, without quotes: one line, unless it is a block of YAML's itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xprov.ci.before_script import INSTALL, SOURCE
from xprov.errors import UsageError
from xprov.project.edit import below
from xprov.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

TABLES = ("tool", "maturin", "generate-ci", "github")
PLATFORMS = ("linux", "musllinux", "windows", "macos", "emscripten", "android")
_KEY = "before-script-linux"

# What maturin builds for where no platform is named, but for Linux.
_OTHERS = ("musllinux", "windows", "macos")

_OURS = re.compile(rf"{re.escape(INSTALL)}.*?{re.escape(SOURCE)}")
# What YAML takes for something else than a part of a plain string.
_SPECIAL = re.compile(r"""^[\s"'&*!%@`{\[>#?-]|: | #|\n""")


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerateCi:
    """Have the workflow run `script` before each build for Linux.

    `targets` and `manylinux` are written where the file says nothing of them; empty and None leave them to maturin.
    """

    file: Path
    script: str
    targets: tuple[str, ...]
    manylinux: str | None

    def apply(self, text: str) -> str:
        """Return `text` with the change. Raises `UsageError` for a before-script that nothing can be added to."""
        import tomlkit  # noqa: PLC0415 - slow to import

        document = tomlkit.parse(text)
        github = self._github(document)
        if not any(platform in github for platform in PLATFORMS):
            github.add(tomlkit.comment("A table for Linux leaves out what is not named here."))
            for name in _OTHERS:
                github.add(name, tomlkit.inline_table())
        linux = below(self.file, github, "linux", tomlkit.table())
        if self.targets and "targets" not in linux and "target" not in linux:
            linux["targets"] = list(self.targets)
        if self.manylinux and "manylinux" not in linux:
            linux["manylinux"] = self.manylinux
        for table in (linux, *linux.get("target", ())):
            if table is linux or _KEY in table:
                self._add(table)
        return tomlkit.dumps(document)

    def _github(self, document: Any) -> Any:  # noqa: ANN401 - items of tomlkit
        import tomlkit  # noqa: PLC0415 - see apply

        table = document
        *above, last = TABLES
        for name in above:
            table = below(self.file, table, name, tomlkit.table(is_super_table=True))
        return below(self.file, table, last, tomlkit.table())

    def _add(self, table: Any) -> None:  # noqa: ANN401 - an item of tomlkit
        import tomlkit  # noqa: PLC0415 - see apply

        there = str(table.get(_KEY, ""))
        wanted = joined(there, self.script)
        if wanted != there:
            table[_KEY] = tomlkit.string(wanted, literal="'" not in wanted, multiline="\n" in wanted)


def joined(there: str, script: str) -> str:
    """Return the before-script `there` with `script` behind it, or in place of an earlier one of xprov's.

    Raises `UsageError` where it cannot be told what the result would be to YAML.
    """
    if _SPECIAL.search(script):
        raise UsageError(f"`{script}` cannot stand in a workflow without quotes", hint="name xprov in another way")
    if _OURS.search(there):
        return _OURS.sub(lambda _: script, there)
    if not there.strip():
        return script
    if there.startswith("|"):
        *_, last = there.rstrip().splitlines()
        return f"{there.rstrip()}\n{last[: len(last) - len(last.lstrip())]}{script}"
    if _SPECIAL.search(there):
        raise UsageError(
            f"`{_KEY}` has what `maturin generate-ci` writes into a workflow without quotes, and YAML would misread:"
            f" `{there}`",
            hint="write it in one line, with `;` between the commands",
        )
    return f"{there.rstrip().removesuffix(';')}; {script}"
