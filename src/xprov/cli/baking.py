"""Carry out what `xprov image` was asked for: the base, what is provisioned for it, and the image or its Dockerfile."""

import os
from pathlib import Path

from xprov.cache import Cache
from xprov.catalog import Catalog
from xprov.containers.bake import Batch, bake, prepare
from xprov.containers.baked import refuse_second
from xprov.containers.bring import bring_image
from xprov.containers.choice import Choice, choose_image
from xprov.containers.owner import sweep
from xprov.containers.provide import provide
from xprov.containers.site import image_site
from xprov.engine import Engine, connect, is_reference
from xprov.errors import UsageError
from xprov.lockfile import find_lock
from xprov.lockfile.use import locked_request
from xprov.output import Output, count
from xprov.records import dataclass
from xprov.request import Request


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What was typed beside the request; without a `tag` the Dockerfile is printed."""

    base: str | None
    tag: str | None
    locked: bool
    lock_file: Path | None


def carry_out(request: Request, words: Words, cache: Cache, catalog: Catalog, output: Output) -> None:
    """Make the image, or print its Dockerfile."""
    if words.tag is not None and not is_reference(words.tag):
        raise UsageError(f"no image can be called `{words.tag}`", hint="in lower case, like `my/builder:1`")
    if words.locked:
        request = locked_request(request, words.lock_file or find_lock(Path.cwd()))
    engine = connect(os.environ)
    with cache.used(lambda: output.say(f"Waiting for another xprov that frees space in {cache.path}")):
        if left := sweep(engine):
            output.say(f"Removed {count(left, 'container')} that a killed xprov had left")
        batch = _prepared(engine, request, words, cache, catalog, output)
        cache.touch(batch.provided.home)
        for note in batch.notes:
            (output.warning if note.loud else output.detail)(note.text)
        if words.tag is None:
            output.data(batch.dockerfile().rstrip("\n"))
        else:
            bake(engine, batch, words.tag, output)
            output.say(f"Now: docker run {words.tag} COMMAND..., and nothing to source")


def _prepared(engine: Engine, request: Request, words: Words, cache: Cache, catalog: Catalog, output: Output) -> Batch:
    choice = _choice(request, words, engine)
    base = bring_image(engine, choice.reference, output, offline=request.access.offline)
    refuse_second(base, request.target)
    recipes = tuple(catalog.recipe(library) for library in request.libraries)
    with image_site(engine, base, cache) as site:
        provided = provide(site, request, recipes, cache, output, known=choice.glibc)
        return prepare(site, request, provided)


def _choice(request: Request, words: Words, engine: Engine) -> Choice:
    if words.base is not None:
        return Choice(reference=words.base, glibc=None)
    return choose_image(request.target, engine.architecture, request.glibc, option="--base")
