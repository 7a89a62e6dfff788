"""An environment as it is kept on the disk, so that `xprov env` need not ask compilers or read recipes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from xprov.environment.model import Action, Environment, Setting, View
from xprov.target import find_target
from xprov.toolchain import Toolchain

FILE = "environment.json"

_PATHS = ("cc", "cxx", "ar", "sysroot")


def environment_as_json(environment: Environment) -> dict[str, Any]:
    """Return `environment` as JSON."""
    return {
        "target": environment.target.name,
        "generation": environment.generation,
        "native": environment.native,
        "view": environment.view.value,
        "image_sysroot": _text(environment.image_sysroot),
        "zig": environment.zig,
        "full_beside": environment.full_beside,
        "toolchain": _toolchain_as_json(environment.toolchain),
        "recipe_settings": [_setting_as_json(setting) for setting in environment.recipe_settings],
    }


def environment_from_json(content: dict[str, Any]) -> Environment:
    """Return the environment that `environment_as_json` gave. Raises `KeyError`, `TypeError`, `ValueError`."""
    return Environment(
        target=find_target(content["target"]),
        generation=content["generation"],
        native=content["native"],
        view=View(content["view"]),
        image_sysroot=_path(content["image_sysroot"]),
        # Not in what versions before these wrote.
        zig=content.get("zig", False),
        full_beside=content.get("full_beside", False),
        toolchain=_toolchain_from_json(content["toolchain"]),
        recipe_settings=tuple(
            Setting(**{**setting, "action": Action(setting["action"]), "inherits": tuple(setting["inherits"])})
            for setting in content["recipe_settings"]
        ),
    )


def _setting_as_json(setting: Setting) -> dict[str, Any]:
    values = {field.name: getattr(setting, field.name) for field in fields(setting)}
    return {**values, "action": setting.action.value, "inherits": list(setting.inherits)}


def _toolchain_as_json(toolchain: Toolchain | None) -> dict[str, Any] | None:
    if toolchain is None:
        return None
    values = {field.name: getattr(toolchain, field.name) for field in fields(toolchain)}
    paths = {name: _text(values[name]) for name in _PATHS}
    return {**values, **paths, "libc_includes": [str(path) for path in toolchain.libc_includes]}


def _toolchain_from_json(content: dict[str, Any] | None) -> Toolchain | None:
    if content is None:
        return None
    paths = {name: _path(content[name]) for name in _PATHS}
    glibc = content["glibc"]
    return Toolchain(
        **{
            **content,
            **paths,
            "glibc": None if glibc is None else tuple(glibc),
            "libc_includes": tuple(Path(path) for path in content["libc_includes"]),
            "arguments": tuple(content.get("arguments", ())),
        }
    )


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
