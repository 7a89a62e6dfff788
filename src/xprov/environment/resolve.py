"""What a shell would hold after it sourced a target's `env`, worked out without one."""

from __future__ import annotations

import re
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.environment.model import Action
from xprov.environment.plain import plain_variables
from xprov.environment.quoting import quote
from xprov.environment.settings import PREFIX, settings_of
from xprov.records import dataclass
from xprov.sites import HERE
from xprov.toolchain import is_linker_wrapper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprov.environment.model import Environment, Setting
    from xprov.sites import Site


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Something about a variable that a person should know; `loud` when something that was there is gone."""

    text: str
    loud: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """Variables and their values, None for one that has to be unset; those that stay as they are are left out."""

    variables: dict[str, str | None]
    notes: tuple[Note, ...]


def resolve(
    environment: Environment,
    root: Path,
    environ: Mapping[str, str],
    *,
    plain: bool = False,
    site: Site = HERE,
    unsets: bool = True,
) -> Resolved:
    """Return what `environ` needs to build for a target whose folder is, on `site`, `root`.

    With `plain` the variables without a target are set too, for a shell that builds for this target alone. Where
    nothing can be unset (`unsets`), a variable that ought to be names the view's prefix.
    """
    real = site.resolve(root)
    state = _State(
        environment=environment, root=str(real), quoted=quote(str(real)), environ=environ, site=site, unsets=unsets
    )
    for setting in settings_of(environment):
        if not setting.when_quoted or state.quoted != state.root:
            state.carry_out(setting)
    if plain:
        state.changed.update(plain_variables(environment, real, environ))
    return Resolved(variables=state.changed, notes=tuple(state.notes))


@dataclass(frozen=True, kw_only=True, slots=True)
class _State:
    environment: Environment
    root: str
    quoted: str
    environ: Mapping[str, str]
    site: Site
    unsets: bool
    changed: dict[str, str | None] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def get(self, name: str) -> str:
        value = self.changed[name] if name in self.changed else self.environ.get(name)
        return value or ""

    def first(self, setting: Setting) -> str:
        names = (setting.variable, *setting.inherits)
        return next((value for name in names if (value := self.get(name))), "")

    def replaced(self, setting: Setting, was: str, reason: str) -> None:
        self.notes.append(Note(text=f"{setting.variable} is replaced, was {was}: {reason}", loud=True))

    def carry_out(self, setting: Setting) -> None:
        value = setting.value.replace("{root}", self.root).replace("{quoted}", self.quoted)
        match setting.action:
            case Action.SET:
                self._set(setting, value)
            case Action.DEFAULT:
                if not self.first(setting):
                    self.changed[setting.variable] = value
            case Action.APPEND:
                base = self.first(setting)
                there = f" {value} " in f" {base} "
                self.changed[setting.variable] = base if there else f"{base} {value}".lstrip()
            case Action.DROP_UNLESS:
                self._drop(setting)
            case Action.WRAP:
                self._wrap(setting, value)
            case Action.CLAIM:
                self._claim(setting, value)

    def _set(self, setting: Setting, value: str) -> None:
        was = self.get(setting.variable)
        if was and was != value and not self._is_ours(was, value):
            self.replaced(setting, was, setting.reason)
        self.changed[setting.variable] = value

    def _is_ours(self, was: str, value: str) -> bool:
        """Return whether `was` is what an earlier setup, or a folder that was moved, put there."""
        name = Path(self.root).name
        return f"/{name}/generation/" in was or was.endswith(f"/{name}/bin/{Path(value).name}")

    def _drop(self, setting: Setting) -> None:
        was = self.get(setting.variable)
        if not was or self._exists(Path(was, setting.needs)):
            return
        if self.unsets:
            self.notes.append(Note(text=f"{setting.variable} is unset, was {was}: {setting.reason}", loud=True))
            self.changed[setting.variable] = None
        else:
            self.replaced(setting, was, setting.reason)
            self.changed[setting.variable] = f"{self.root}/{PREFIX}"

    def _exists(self, path: Path) -> bool:
        return self.site.is_file(path) or self.site.is_folder(path)

    def _wrap(self, setting: Setting, value: str) -> None:
        was = self.get(setting.variable)
        if _LINKER_ONLY.fullmatch(was.rpartition("/")[2]):
            self.notes.append(Note(text=f"{setting.variable} stays {was}: it is no compiler", loud=False))
            return
        if was and not is_linker_wrapper(was):
            self.changed[setting.keep] = was
            self.notes.append(Note(text=f"{setting.variable} runs {was}, with the view's libraries", loud=False))
        self.changed[setting.variable] = value

    def _claim(self, setting: Setting, value: str) -> None:
        building = self.environ.get("CARGO_BUILD_TARGET")
        if building and building not in self.environment.target.rust_triples:
            return
        was = self.get(setting.variable)
        home = self.root.rpartition("/")[0]
        plain = was.rstrip("/")
        if plain not in {"", value, setting.keep, home} and not was.startswith(f"{home}/"):
            if self.site.is_folder(Path(was)):
                self.notes.append(Note(text=f"{setting.variable} stays {was}", loud=False))
                return
            self.replaced(setting, was, "there is no such folder")
        self.changed[setting.variable] = value


# rustc speaks to these as linkers, not as compilers, and knows them by their names.
_LINKER_ONLY = re.compile(r"ld|ld\..*|.*-ld|.*lld|wild|mold")
