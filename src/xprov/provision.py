"""A provision: what is there for a target after a plan was carried out, as `provision.json` tells it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from xprov.errors import XprovError
from xprov.glibc import Version, format_version, read_version
from xprov.records import dataclass
from xprov.request import Method
from xprov.target import Target, find_target

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE = "provision.json"
VERSION = 1
"""The version of the file's form; it rises when a key goes or means something else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvisionedPackage:
    """A package that the libraries come from. `sha256` is None where the archive no longer tells it."""

    name: str
    architecture: str
    version: str
    sha256: str | None
    origin: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvisionedLibrary:
    """A library that was asked for, and what was found of it.

    `modules` maps each pkg-config module to its version; `floor` is the newest glibc symbol version that it and all
    it needs ask for, `floor_file` the file that does and the symbol version. `wheel_floor` is the same for what a wheel
    has to carry of it, None where that is nothing.
    """

    name: str
    modules: dict[str, str]
    floor: Version | None
    floor_file: str | None
    wheel_floor: Version | None
    linked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Provision:
    """What is there for `target`. `toolchain_glibc` is what the cross compiler compiles against, None without one.

    `inputs` names all that went into it, None where more than xprov has a hand in it (apt); `warnings` is what was
    found about it that a person should know.
    """

    target: Target
    method: Method
    suite: str
    libraries: tuple[ProvisionedLibrary, ...]
    packages: tuple[ProvisionedPackage, ...]
    toolchain_glibc: Version | None
    inputs: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def floor(self) -> Version | None:
        """The floor of all libraries together."""
        return max((library.floor for library in self.libraries if library.floor), default=None)

    @property
    def wheel_floor(self) -> Version | None:
        """The floor of a wheel that carries all libraries, None when it need carry nothing."""
        return max((library.wheel_floor for library in self.libraries if library.wheel_floor), default=None)

    @property
    def generation(self) -> str:
        """Twelve hexadecimal digits that change when the packages do, and only then."""
        return generation_of((package.name, package.architecture, package.version) for package in self.packages)

    def as_json(self) -> dict[str, Any]:
        """Return the content of `provision.json`."""
        return {
            "version": VERSION,
            "target": self.target.name,
            "rust": self.target.rust,
            "method": self.method.value,
            "suite": self.suite,
            "generation": self.generation,
            "floor": _text(self.floor),
            "wheel_floor": _text(self.wheel_floor),
            "toolchain_glibc": _text(self.toolchain_glibc),
            "inputs": self.inputs,
            "warnings": list(self.warnings),
            "libraries": [_library_as_json(library) for library in self.libraries],
            "packages": [_package_as_json(package) for package in self.packages],
        }


def generation_of(packages: Iterable[tuple[str, str, str]]) -> str:
    """Return the generation of packages given by name, architecture and version, whatever their order."""
    lines = sorted(f"{name}:{architecture}={version}" for name, architecture, version in packages)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def read_provision(folder: Path) -> Provision | None:
    """Return the provision of the target's folder, or None where there is none.

    Raises `XprovError` when the file is damaged, or of a newer xprov.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, XprovError) as error:
        raise XprovError(
            f"`{path}` cannot be read: {error}",
            hint=f"remove `{folder}` and run `xprov setup` again",
        ) from error


def _parse(content: dict[str, Any]) -> Provision:
    if content["version"] != VERSION:
        raise XprovError(f"it has form {content['version']}, this xprov reads form {VERSION}")
    return Provision(
        target=find_target(content["target"]),
        method=Method(content["method"]),
        suite=content["suite"],
        toolchain_glibc=_version(content["toolchain_glibc"]),
        inputs=content.get("inputs"),
        warnings=tuple(content.get("warnings", ())),
        libraries=tuple(_library_from_json(library) for library in content["libraries"]),
        packages=tuple(ProvisionedPackage(**package) for package in content["packages"]),
    )


def _library_from_json(content: dict[str, Any]) -> ProvisionedLibrary:
    floors = {name: _version(content[name]) for name in ("floor", "wheel_floor")}
    return ProvisionedLibrary(**{**content, **floors})


def _library_as_json(library: ProvisionedLibrary) -> dict[str, Any]:
    return {
        "name": library.name,
        "modules": library.modules,
        "floor": _text(library.floor),
        "floor_file": library.floor_file,
        "wheel_floor": _text(library.wheel_floor),
        "linked": library.linked,
    }


def _package_as_json(package: ProvisionedPackage) -> dict[str, Any]:
    return {
        "name": package.name,
        "architecture": package.architecture,
        "version": package.version,
        "sha256": package.sha256,
        "origin": package.origin,
    }


def _text(version: Version | None) -> str | None:
    return None if version is None else format_version(version)


def _version(text: str | None) -> Version | None:
    return None if text is None else read_version(text)
