"""Ask package hosts: the only part of `apt/` that reaches the network. What is asked is decided in `plan.py`."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from xprov.apt.candidates import bare
from xprov.apt.questions import Absent, Answer, Answers, Found, IndexQuestion, Question, ReleaseQuestion, Silent
from xprov.apt.reach import Reach
from xprov.apt.release import Release, parse_release
from xprov.errors import NetworkError
from xprov.net import Client, shown
from xprov.records import dataclass
from xprov.threads import each

_AT_ONCE = 8
# Release files, the largest of what is asked for, have a few hundred kB; lists of mirrors less. In bytes.
_LARGEST = 32 << 20
_RELEASE_NAMES = ("InRelease", "Release")
_WEB = ("http", "https")
_LOCAL = ("file", "copy")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prober:
    """Answers questions by asking hosts as apt would reach them. Local archives are looked up below `root`."""

    client: Client
    root: Path = Path("/")

    @classmethod
    def of(cls, reach: Reach, root: Path = Path("/")) -> "Prober":
        """Return a prober with a client of its own."""
        client = Client(proxies=reach.proxies, bundle=reach.bundle, with_login=reach.with_login)
        return cls(client=client, root=root)

    def answer(self, question: Question) -> Answer:
        """Return what the host says. A host that does not answer is an answer too; nothing is raised."""
        scheme = urlsplit(question.uri).scheme
        if not _is_spoken(scheme):
            return Silent(reason=f"xprov cannot ask over `{scheme}:`", spoken=False)
        try:
            return self._asked(question)
        except NetworkError as error:
            return Silent(reason=error.message)

    def _asked(self, question: Question) -> Answer:
        failures: list[NetworkError] = []
        bases = self._bases(question.uri)
        for base in bases:
            try:
                answer = self._at(base, question)
            except NetworkError as error:
                failures.append(error)
                continue
            if not isinstance(answer, Absent):
                return answer
        if failures and len(failures) == len(bases):
            raise failures[0]
        return Absent()

    def _at(self, base: str, question: Question) -> Answer:
        folder = suite_folder(base, question.suite)
        match question:
            case ReleaseQuestion():
                return self._release(folder) or Absent()
            case IndexQuestion():
                return Found() if any(self._exists(f"{folder}{path}") for path in question.paths) else Absent()

    def _release(self, folder: str) -> Release | None:
        for name in _RELEASE_NAMES:
            content = self._get(f"{folder}{name}")
            release = parse_release(content) if content else None
            if release:
                return release
        return None

    def _bases(self, uri: str) -> Sequence[str]:
        """Return the archives behind `uri`: itself, or those that a list of mirrors names (apt-transport-mirror(1))."""
        scheme = urlsplit(uri).scheme
        if not scheme.startswith("mirror"):
            return (uri,)
        listing = uri.replace(scheme, scheme.partition("+")[2] or "http", 1)
        content = self._get(listing)
        if content is None:
            raise NetworkError(f"there is no list of mirrors at `{shown(listing)}`")
        return parse_mirrors(content.decode("utf-8", "replace"))

    def _get(self, url: str) -> bytes | None:
        if urlsplit(url).scheme in _WEB:
            return self.client.get(url, limit=_LARGEST)
        try:
            return self._local(url).read_bytes()
        except OSError:
            return None

    def _exists(self, url: str) -> bool:
        if urlsplit(url).scheme in _WEB:
            return self.client.exists(url)
        return self._local(url).is_file()

    def _local(self, url: str) -> Path:
        return self.root / unquote(urlsplit(url).path).lstrip("/")


def gather(open_questions: Callable[[Answers], Iterable[Question]], answer: Callable[[Question], Answer]) -> Answers:
    """Return the answers to all questions that come up: asked in rounds, several at once, each one once.

    `open_questions` returns those that cannot go without an answer, given the answers so far.
    """
    answers: dict[Question, Answer] = {}
    while wanted := tuple(question for question in open_questions(answers) if question not in answers):
        answers.update(zip(wanted, each(answer, wanted, at_once=_AT_ONCE), strict=True))
    return answers


def suite_folder(uri: str, suite: str) -> str:
    """Return the URL of the folder that the Release file of `suite` lies in, with a slash at the end."""
    place = f"{bare(uri)}/"
    if suite.endswith("/"):
        return place if suite == "/" else f"{place}{quote(suite.removeprefix('./'))}"
    return f"{place}dists/{quote(suite)}/"


def parse_mirrors(text: str) -> tuple[str, ...]:
    """Return the archives that a list of mirrors names: one a line, with options after a tab."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return tuple(words[0] for words in lines if words)


def _is_spoken(scheme: str) -> bool:
    name, _, transport = scheme.partition("+")
    if name == "mirror":
        return transport in ("", *_WEB, *_LOCAL)
    return scheme in (*_WEB, *_LOCAL)
