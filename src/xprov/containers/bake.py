"""Make an image from another one, with what was provisioned for it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

from xprov.containers.baked import label, labels_of, resolve_in
from xprov.containers.context import write_context
from xprov.containers.dockerfile import Filling, last_stage, whole_dockerfile
from xprov.environment.stored import FILE, environment_from_json
from xprov.glibc import format_version
from xprov.lockfile import Lock, render_lock
from xprov.lockfile.use import lock_of
from xprov.provision import read_provision
from xprov.records import dataclass
from xprov.store import Store, writing

if TYPE_CHECKING:
    from xprov.containers.provide import Provided
    from xprov.containers.site import ImageSite
    from xprov.engine import Engine, Image
    from xprov.environment import Environment, Note
    from xprov.glibc import Version
    from xprov.output import Output
    from xprov.request import Request


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """All that an image is made from: its base, the home with its libraries, and what it gets beside them."""

    base: Image
    provided: Provided
    environment: Environment
    filling: Filling
    notes: tuple[Note, ...]

    def dockerfile(self) -> str:
        """Return the Dockerfile that makes the image anywhere."""
        return whole_dockerfile(self.filling)


def prepare(site: ImageSite, request: Request, provided: Provided) -> Batch:
    """Return what an image from that of `site` with what was `provided` is made from."""
    plan, folder = provided.plan, provided.home / request.target.name
    provision = read_provision(folder)
    assert provision is not None  # noqa: S101 - that is what was provided
    environment = environment_from_json(json.loads((folder / FILE).read_text(encoding="utf-8")))
    resolved = resolve_in(site.image, environment, site)
    filling = Filling(
        base=site.image.reference,
        target=request.target,
        libraries=request.libraries,
        options=_options(request, plan.wanted.version if plan.toolchain is None else None),
        lock=render_lock(Lock(targets={}).with_targets([request.locked or lock_of(plan)])),
        labels=labels_of(provision),
        variables={name: value or "" for name, value in resolved.variables.items()},
    )
    return Batch(base=site.image, provided=provided, environment=environment, filling=filling, notes=resolved.notes)


def bake(engine: Engine, batch: Batch, tag: str, output: Output) -> None:
    """Build the image and call it `tag`. Raises `XprovError` when the engine cannot."""
    home, lock = batch.provided.home, batch.filling.lock
    # By its id: nobody can put another image in the base's place meanwhile.
    dockerfile = last_stage(replace(batch.filling, base=batch.base.id))
    # A Dockerfile has no word of several lines, so this label comes beside it. Who prints it ends the line.
    labels = {label(batch.filling.target, "lock"): lock.rstrip("\n")}
    with tempfile.TemporaryFile(dir=home) as file:
        store = Store(path=home)
        with writing(home), store.locked(lambda: output.say(f"Waiting for another xprov that works in {home}")):
            write_context(file, dockerfile, home, batch.environment, lock)
        file.seek(0)
        with output.step(f"Building {tag}") as progress:
            engine.build(file, tag, labels, progress)


def _options(request: Request, glibc: Version | None) -> tuple[str, ...]:
    """Return the options by which `xprov setup` does the same in a container of the base.

    `glibc` is what its libraries may need, where that is no toolchain's.
    """
    wanted = request.glibc or glibc
    zig = ("--toolchain", "zig") if request.zig else ()
    return (*zig, *(() if wanted is None else ("--glibc", format_version(wanted))))
