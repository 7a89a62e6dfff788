"""Carry out what `xprov run` was asked for: the image, what it builds against, and the command in it."""

import os
from collections.abc import Mapping
from pathlib import Path

from xprov.cache import Cache
from xprov.catalog import Catalog
from xprov.containers.bring import bring_image
from xprov.containers.choice import Choice, choose_image
from xprov.containers.ground import Ground, find_ground, mounts
from xprov.containers.inside import provision_inside
from xprov.containers.network import loopback_proxies
from xprov.containers.owner import sweep
from xprov.containers.provide import provide
from xprov.containers.run import Run
from xprov.containers.run import carry_out as run_command
from xprov.containers.site import build_target, image_site
from xprov.containers.tools import Tools, find_tools
from xprov.engine import Engine, Image, connect
from xprov.lockfile import find_lock
from xprov.lockfile.use import locked_request
from xprov.output import Output, count
from xprov.records import dataclass
from xprov.request import Request


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What was typed beside the request.

    `given` are the variables for the command; `options` are those that `xprov setup` is given in the container.
    """

    command: tuple[str, ...]
    image: str | None
    given: Mapping[str, str]
    network: str | None
    inside: bool
    options: tuple[str, ...]
    locked: bool
    lock_file: Path | None
    terminal: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    """With what is worked."""

    cache: Cache
    catalog: Catalog
    output: Output


def carry_out(request: Request, words: Words, folder: Path, cache: Cache, catalog: Catalog, output: Output) -> int:
    """Run the command and return its exit code."""
    ground, engine = find_ground(folder), connect(os.environ)
    work = _Work(cache=cache, catalog=catalog, output=output)
    with cache.used(lambda: output.say(f"Waiting for another xprov that frees space in {cache.path}")):
        if left := sweep(engine):
            output.say(f"Removed {count(left, 'container')} that a killed xprov had left")
        choice = _choice(request, words, engine)
        image = bring_image(engine, choice.reference, output, offline=request.access.offline)
        tools, home = _prepare(request, words, choice, image, ground, engine, work)
        run = Run(
            image=image,
            command=words.command,
            folder=ground.folder,
            ground=mounts(ground, cache, image, request.target),
            home=home,
            tools=tools,
            given={**build_target(image, request.target), **words.given},
            network=words.network,
            terminal=words.terminal,
        )
        _touch(run, cache)
        _tell(run, output)
        return run_command(engine, run, os.environ, output)


def _prepare(  # noqa: PLR0913, PLR0917 - see carry_out
    request: Request, words: Words, choice: Choice, image: Image, ground: Ground, engine: Engine, work: _Work
) -> tuple[Tools, Path | None]:
    """Return what the image lacks, and the home with what was provisioned; None where that is done in the container."""
    tools = Tools()
    with image_site(engine, image, work.cache) as site:
        if ground.target is not None:
            tools = find_tools(site, request.target, ground.requirement, work.cache, os.environ, work.output)
        if words.inside:
            wanted = ("setup", request.target.name, *request.libraries, *words.options)
            return tools + provision_inside(image, wanted, work.cache), None
        if words.locked:
            request = locked_request(request, words.lock_file or find_lock(Path.cwd()))
        if not request.libraries:
            return tools, None
        recipes = tuple(work.catalog.recipe(library) for library in request.libraries)
        return tools, provide(site, request, recipes, work.cache, work.output, known=choice.glibc).home


def _touch(run: Run, cache: Cache) -> None:
    """Remember that what is kept was used: it is freed by age."""
    sources = [mount.source for mount in (*run.ground, *run.tools.mounts)] + ([run.home] if run.home else [])
    for source in sources:
        if source.is_relative_to(cache.path) and source != cache.path:
            cache.touch(source)


def _tell(run: Run, output: Output) -> None:
    if run.network is None:
        for name in loopback_proxies(os.environ):
            output.warning(f"{name} names a proxy on this machine's loopback, which no container has: --network host")
    if run.tools.says:
        output.say(f"Not in the image, installed once: {', '.join(run.tools.says)}")
    output.say(f"Running `{' '.join(run.command)}` in {run.image.reference}")


def _choice(request: Request, words: Words, engine: Engine) -> Choice:
    if words.image is not None:
        return Choice(reference=words.image, glibc=None)
    return choose_image(request.target, engine.architecture, request.glibc)
