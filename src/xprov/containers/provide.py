"""Provision on this machine what a container of an image is to build against."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from xprov.attempts import Surroundings, set_up
from xprov.errors import UnsatisfiableError
from xprov.inquiry import inquire
from xprov.records import dataclass
from xprov.request import Method
from xprov.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from xprov.cache import Cache
    from xprov.containers.site import ImageSite
    from xprov.engine import Image
    from xprov.glibc import Version
    from xprov.output import Output
    from xprov.plan import Plan
    from xprov.recipe import Recipe
    from xprov.request import Request


@dataclass(frozen=True, kw_only=True, slots=True)
class Provided:
    """The home that a container mounts, and the plan by which it was made."""

    home: Path
    plan: Plan


def provide(
    site: ImageSite,
    request: Request,
    recipes: tuple[Recipe, ...],
    cache: Cache,
    output: Output,
    *,
    known: Version | None = None,
) -> Provided:
    """Set up what `request` asks for, for the toolchain of the image, in a home of its own in the cache.

    Nothing else is in that home: what a run before has asked for must not make up for what this one forgets. `known` is
    the glibc that the image builds for, where it is one of the table. Raises what `set_up` does, and
    `UnsatisfiableError` when the image has no compiler for the target and nobody says which glibc is wanted.
    """
    home = site.scratch / _key(site.image, request)
    with inquire(request.target, site.environ, zig=request.zig, site=site) as inquiry:
        asked = replace(request, method=Method.SYSROOT, method_said_by="for a container")
        if inquiry.toolchain() is None and not request.zig and request.glibc is None:
            asked = replace(asked, glibc=_glibc(request, site.image, known))
        surroundings = Surroundings(
            store=Store(path=home), cache=cache, environ=site.environ, inquiry=inquiry, site=site
        )
        plan, _ = set_up(asked, recipes, surroundings, output)
    return Provided(home=home, plan=plan)


def _glibc(request: Request, image: Image, known: Version | None) -> Version:
    if known is None:
        raise UnsatisfiableError(
            f"the image `{image.reference}` has no C compiler for {request.target.name}, so nobody knows which glibc"
            " libraries may need",
            hint="say it by `--manylinux TAG`; or `--toolchain zig` where zig compiles; or name another image",
        )
    return known


def _key(image: Image, request: Request) -> str:
    # Not how archives are read: the same is to be had by --offline.
    asked = (request.suite, request.glibc, request.zig, request.locked)
    words = (image.id, request.target.name, sorted(request.libraries), *asked)
    return hashlib.sha256(repr(words).encode()).hexdigest()[:16]
