"""The files that a shell reads or runs: `env`, and the wrapper programs."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from xprov.environment.model import Action, View
from xprov.environment.settings import linker_arguments, settings_of
from xprov.target import TARGETS
from xprov.toolchain import LINKER_WRAPPER, real_linker

if TYPE_CHECKING:
    from pathlib import Path

    from xprov.environment.model import Environment, Setting


def render_env(environment: Environment, root: Path) -> str:
    """Return the file that a shell sources to build for one target; `root` is where the target's folder will be."""
    settings = "\n".join(_line(setting, environment) for setting in settings_of(environment))
    return _fill(
        "env.sh",
        NAME=environment.target.name,
        PROBE="env" if environment.native else environment.pkg_config,
        ROOT=shlex.quote(str(root)),
        SETTINGS=f"{settings}\n",
    )


def render_home_env(home: Path) -> str:
    """Return the file that sources the `env` of every target in `home`, now or later."""
    names = " \\\n    ".join(target.name for target in TARGETS)
    return _fill("home-env.sh", HOME=shlex.quote(str(home)), TARGETS=names)


def render_pkg_config(environment: Environment) -> str:
    """Return the wrapper program that answers as pkg-config for a target."""
    return _fill(
        "pkg-config.sh",
        NAME=environment.target.name,
        VIEW=environment.view.value,
        TRIPLET=environment.target.triplet,
        SYSTEM=_SYSTEM[environment.view].rstrip("\n"),
    )


def render_linker(environment: Environment, triple: str, linker: Path) -> str:
    """Return the wrapper program that links for a Rust triple, by `linker` unless another was set before."""
    return _fill(
        "linker.sh",
        TRIPLE=triple,
        TRIPLET=environment.target.triplet,
        VIEW=environment.view.value,
        KEEP=real_linker(triple),
        WRAPPER=LINKER_WRAPPER,
        LINKER=shlex.quote(str(linker)),
        FIRST="".join(f'"{word}" ' for word in _first_words(environment)),
    )


# What pkg-config leaves out of a compiler's flags, since the compiler has it by itself.
_SYSTEM = {
    View.LIBS: """\
# Nothing of the view is searched by a compiler on its own, so no -I and no -L may be left out: a folder that is not.
PKG_CONFIG_SYSTEM_INCLUDE_PATH=$root/nowhere
""",
    View.FULL: """\
# A compiler with this sysroot has these; named again (CMake and Meson do it as -isystem) they would hide those of C++.
# pkg-config compares before it prefixes the sysroot, pkgconf after it.
PKG_CONFIG_SYSTEM_INCLUDE_PATH=/usr/include:/usr/include/@TRIPLET@:$view/usr/include:$view/usr/include/@TRIPLET@
""",
}


def _first_words(environment: Environment) -> list[str]:
    """Return what the linker wrapper says before all that the build says, which may name a sysroot of its own."""
    words = linker_arguments(environment, "{root}")
    full = f"{{root}}/{environment.view.value}"
    # The folders of libraries come last.
    return [word.replace(full, "$view") for word in words if not word.startswith(("-L", "-Wl,-rpath-link,"))]


def _fill(template: str, **values: str) -> str:
    text = _read(template).replace("@SELF@", _read("self.sh").rstrip("\n"))
    # The last values may hold names of the first.
    for name, value in reversed(values.items()):
        text = text.replace(f"@{name}@", value)
    return text


def _read(template: str) -> str:
    from importlib import resources  # noqa: PLC0415 - `xprov env` renders none of these files

    return (resources.files("xprov.environment") / "templates" / template).read_text(encoding="utf-8")


def _line(setting: Setting, environment: Environment) -> str:
    """Return the line of `env` that carries out a setting; the functions it calls stand in the template."""
    words = [f"_xprov_{_FUNCTIONS[setting.action]}", setting.variable]
    match setting.action:
        case Action.SET:
            words += (_expand(setting.value), shlex.quote(setting.reason))
        case Action.DEFAULT | Action.APPEND:
            words += (_expand(setting.value), *setting.inherits)
        case Action.DROP_UNLESS:
            words += (shlex.quote(setting.needs), shlex.quote(setting.reason))
        case Action.WRAP:
            words += (_expand(setting.value), setting.keep)
        case Action.CLAIM:
            triples = " ".join(environment.target.rust_triples)
            words += (_expand(setting.value), shlex.quote(setting.keep), shlex.quote(triples))
    line = " ".join(words)
    return f'if [ "$_xprov_quoted" != "$_xprov_root" ]; then\n    {line}\nfi' if setting.when_quoted else line


_FUNCTIONS = {
    Action.SET: "set",
    Action.DEFAULT: "default",
    Action.APPEND: "append",
    Action.DROP_UNLESS: "drop_unless",
    Action.WRAP: "wrap",
    Action.CLAIM: "claim",
}

# What a shell reads inside double quotes.
_SPECIAL = str.maketrans({character: f"\\{character}" for character in '\\"$`'})


def _expand(template: str) -> str:
    """Return a template as one word of a shell that knows the target's folder."""
    text = template.translate(_SPECIAL)
    return f'"{text}"'.replace("{root}", "${_xprov_root}").replace("{quoted}", "${_xprov_quoted}")
