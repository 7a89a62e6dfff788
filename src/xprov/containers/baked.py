"""What an image with libraries has: where they lie, the labels that tell of them, and the variables. Pure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from xprov import __version__
from xprov.containers.site import build_target
from xprov.environment import Resolved, resolve
from xprov.errors import UsageError

if TYPE_CHECKING:
    from xprov.engine import Image
    from xprov.environment import Environment
    from xprov.provision import Provision
    from xprov.sites import Site
    from xprov.target import Target

HOME = Path("/opt/xprov")
"""The home of xprov in an image."""

_PREFIX = "dev.xprov."
_LIBRARIES = "libraries"
_SYSROOT = "TARGET_SYSROOT"


def label(target: Target, fact: str) -> str:
    """Return the name of a label; each target has its own, since an image may have libraries for several."""
    return f"{_PREFIX}{target.name}.{fact}"


def labels_of(provision: Provision) -> dict[str, str]:
    """Return the labels of an image with `provision`, but for its lock."""
    facts = {
        "version": __version__,
        _LIBRARIES: " ".join(sorted(library.name for library in provision.libraries)),
        "suite": provision.suite,
    }
    return {label(provision.target, name): value for name, value in facts.items()}


def refuse_second(image: Image, target: Target) -> None:
    """Raise `UsageError` for an image that has libraries for `target` already: two sets would lie in one folder."""
    there = image.labels.get(label(target, _LIBRARIES))
    if there is not None:
        raise UsageError(
            f"`{image.reference}` has libraries for {target.name} already: {there}",
            hint="name all libraries at once, and by `--base` the image that this one was made from",
        )


def resolve_in(image: Image, environment: Environment, site: Site) -> Resolved:
    """Return the variables that an image made from `image` gets beside those it has; none has to be unset.

    `site` is `image`. Where it has libraries for other targets too, maturin is sent to none of them: it takes those
    that build scripts name.
    """
    target = environment.target
    building = build_target(image, target)
    resolved = resolve(environment, HOME / target.name, {**image.environ, **building}, site=site, unsets=False)
    sysroot = {_SYSROOT: str(HOME)} if _has_libraries(image) else {}
    variables = {**building, **resolved.variables, **sysroot}
    fresh = {name: value for name, value in variables.items() if value != image.environ.get(name)}
    return replace(resolved, variables=fresh)


def _has_libraries(image: Image) -> bool:
    return any(name.startswith(_PREFIX) and name.endswith(f".{_LIBRARIES}") for name in image.labels)
