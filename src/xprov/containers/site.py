"""An image as a place with programs: its compilers are asked in a container, which is made when somebody asks."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.containers.memory import remembered
from xprov.containers.owner import labels
from xprov.engine import Mount, Spec
from xprov.errors import ToolMissingError
from xprov.process import Completed, ProcessError
from xprov.store import writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from xprov.cache import Cache
    from xprov.containers.memory import Memory
    from xprov.engine import Box, Engine, Image
    from xprov.target import Target

_BUILD_TARGET = "CARGO_BUILD_TARGET"

_ENGLISH = {"LC_ALL": "C.UTF-8"}

# What a shell, or the engine where it starts a program, ends with for one that is not there.
_NOT_FOUND = (126, 127)


# What an engine gives an image that sets none.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ImageSite:
    """The programs of an image. `scratch` is a folder that they see by the name that it has here.

    `environ` are the variables that they have, `image` is the image.
    """

    def __init__(self, engine: Engine, image: Image, scratch: Path, memory: Memory, boxes: ExitStack) -> None:
        self._engine, self._memory, self._boxes = engine, memory, boxes
        self.image = image
        self._box: Box | None = None
        self.scratch = scratch
        self.environ: Mapping[str, str] = {"PATH": _PATH, **image.environ}

    def find(self, name: str, *, path: str | None) -> Path | None:
        script = 'PATH=$1; command -v -- "$2"' if path is not None else 'command -v -- "$2"'
        found = self._shell(script, path or "", name)
        return Path(found) if found.startswith("/") else None

    def start(self, arguments: Sequence[str | Path], *, stdin: str | None = None) -> _Question:
        return _Question(self, tuple(map(str, arguments)), stdin)

    def resolve(self, path: Path) -> Path:
        return Path(self._shell('readlink -f -- "$1" || printf %s "$1"', str(path)))

    def is_folder(self, path: Path) -> bool:
        return self._shell('test -d "$1" && echo yes || :', str(path)) == "yes"

    def is_file(self, path: Path) -> bool:
        return self._shell('test -f "$1" && echo yes || :', str(path)) == "yes"

    def ask(self, arguments: tuple[str, ...], stdin: str | None) -> Completed:
        """Run a program and return what it wrote; from memory where that depends on the image alone."""
        words = arguments if stdin is None else ("sh", "-c", _PIPE, "sh", stdin, *arguments)
        if any(str(self.scratch) in word for word in words):
            return self._execute(words)

        def answered() -> tuple[int, str, str]:
            done = self._execute(words)
            return done.returncode, done.stdout, done.stderr

        returncode, stdout, stderr = self._memory.answer(words, answered)
        return Completed(arguments=arguments, returncode=returncode, stdout=stdout, stderr=stderr)

    def _shell(self, script: str, *words: str) -> str:
        return self.ask(("sh", "-c", script, "sh", *words), None).stdout.strip()

    def _execute(self, words: tuple[str, ...]) -> Completed:
        if self._box is None:
            self._box = self._boxes.enter_context(self._engine.box(self._spec()))
            self._box.start()
        return self._box.execute(words, environ=_ENGLISH)

    def _spec(self) -> Spec:
        return Spec(
            image=self.image.id,
            command=("sh", "-c", "while :; do sleep 3600; done"),
            mounts=(Mount(source=self.scratch, place=str(self.scratch)),),
            labels=labels(),
        )


_PIPE = 'text=$1; shift; printf %s "$text" | "$@"'


class _Question:
    """A program that runs when its answer is wanted."""

    def __init__(self, site: ImageSite, arguments: tuple[str, ...], stdin: str | None) -> None:
        self._site, self._arguments, self._stdin = site, arguments, stdin

    def __enter__(self) -> _Question:  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def __exit__(self, *_raised: object) -> None:
        pass

    def result(self, *, check: bool = True) -> Completed:
        done = self._site.ask(self._arguments, self._stdin)
        if done.returncode in _NOT_FOUND:
            raise ToolMissingError(f"`{self._arguments[0]}` is not in the image")
        if check and not done.ok:
            raise ProcessError(done)
        return done


@contextmanager
def image_site(engine: Engine, image: Image, cache: Cache) -> Iterator[ImageSite]:
    """Give the programs of `image`; their container, where there was need of one, is gone afterwards.

    What is remembered of images is in `cache`, and so is what is built for them: there the programs see it.
    """
    scratch = cache.path / "homes"
    with writing(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
    with remembered(cache.path / "images" / f"{image.id}.json") as memory, ExitStack() as boxes:
        yield ImageSite(engine, image, scratch, memory, boxes)


def build_target(image: Image, target: Target) -> Mapping[str, str]:
    """Return the variable by which cargo and maturin build for `target`: a release job's own images set it."""
    triples = target.rust_triples
    return {} if image.environ.get(_BUILD_TARGET) in triples else {_BUILD_TARGET: triples[0]}
