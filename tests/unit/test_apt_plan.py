"""The planner of sources: who is asked, who serves what, what is written, what is said. No host is reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from xprov.apt.decide import SourcesRequest
from xprov.apt.entry import SourcesFile
from xprov.apt.plan import SourcesPlan, needed_files, open_questions, plan_sources
from xprov.apt.probe import gather
from xprov.apt.questions import Absent, Answer, Found, IndexQuestion, Question, ReleaseQuestion, Silent
from xprov.apt.release import Release
from xprov.archive.suites import ArchiveHosts, Hosts
from xprov.errors import NetworkError, UnsatisfiableError, UsageError

MAIN = "http://archive.example.org/ubuntu"
PORTS = "http://ports.example.org/ubuntu-ports"
OLD = "http://old.example.org/ubuntu"
SECURITY = "http://security.example.net/debian-security"
ARCHIVES = (
    ArchiveHosts(
        distribution="ubuntu",
        origin="Ubuntu",
        host_suffix=".example.org",
        hosts=Hosts(main=MAIN, ports=PORTS, eol=OLD),
        security_label=None,
        security=None,
    ),
    ArchiveHosts(
        distribution="debian",
        origin="Debian",
        host_suffix=".example.net",
        hosts=Hosts(main="http://ftp.example.net/debian", ports=None, eol="http://archive.example.net/debian"),
        security_label="Debian-Security",
        security=Hosts(main=SECURITY, ports=None, eol="http://archive.example.net/debian-security"),
    ),
)
LISTED = ("amd64", "i386", "armhf", "arm64")
LIST = Path("/etc/apt/sources.list")
OWN = Path("/etc/apt/sources.list.d/xprov-armhf.sources")


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A suite on a host: its Release lists all architectures, `there` are those whose indices are really there."""

    there: Mapping[str, tuple[str, ...]]
    origin: str = "Ubuntu"
    label: str = "Ubuntu"
    listed: tuple[str, ...] = LISTED


@dataclass(kw_only=True, slots=True)
class World:
    """All hosts there are, by URI (no slash at the end) and suite; the others answer with nothing, or not at all."""

    repositories: Mapping[tuple[str, str], Repository]
    silent: tuple[str, ...] = ()
    asked: list[Question] = field(default_factory=list)

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        if question.uri.rstrip("/") in self.silent:
            return Silent(reason=f"`{question.uri}` did not answer")
        repository = self.repositories.get((question.uri.rstrip("/"), question.suite))
        if repository is None:
            return Absent()
        match question:
            case ReleaseQuestion():
                return _release(repository)
            case IndexQuestion():
                return Found() if _is_there(repository, question.paths) else Absent()


def _release(repository: Repository) -> Release:
    names = [f"{c}/binary-{a}/Packages.xz" for c in repository.there for a in repository.listed]
    return Release(
        origin=repository.origin,
        label=repository.label,
        by_hash=None,
        indices=tuple((name, "0" * 64) for name in names),
    )


def _is_there(repository: Repository, paths: tuple[str, ...]) -> bool:
    names = [f"{c}/binary-{a}/Packages.xz" for c, found in repository.there.items() for a in found]
    return any(path in names for path in paths)


def _ubuntu(suite: str, components: tuple[str, ...] = ("main", "universe")) -> dict[tuple[str, str], Repository]:
    suites = (suite, f"{suite}-updates", f"{suite}-security")
    near = Repository(there=dict.fromkeys(components, ("amd64", "i386")))
    far = Repository(there=dict.fromkeys(components, ("armhf", "arm64")))
    return {(MAIN, name): near for name in suites} | {(PORTS, name): far for name in suites}


def _plan(  # noqa: PLR0913 - every part of a request, by name
    world: World,
    text: bytes,
    *,
    target: str = "armhf",
    others: tuple[str, ...] = (),
    mirrors: tuple[str, ...] = (),
    more: Mapping[Path, bytes] | None = None,
    path: Path = LIST,
) -> SourcesPlan:
    files = [SourcesFile(path=name, content=content) for name, content in {path: text, **(more or {})}.items()]
    request = SourcesRequest(target=target, native="amd64", others=others, mirrors=mirrors, archives=ARCHIVES)
    answers = gather(lambda known: open_questions(files, request, known), world.answer)
    return plan_sources(files, request, answers)


def _after(plan: SourcesPlan) -> dict[Path, bytes | None]:
    return {change.path: change.after for change in plan.changes}


def _own(plan: SourcesPlan, path: Path = OWN) -> str:
    return (_after(plan)[path] or b"").decode()


JAMMY = b"""deb [signed-by=/k.gpg] http://archive.example.org/ubuntu jammy main universe
deb [signed-by=/k.gpg] http://archive.example.org/ubuntu/ jammy-updates main universe
deb [signed-by=/k.gpg] http://archive.example.org/ubuntu jammy-security main universe
"""


def test_ubuntu_reads_foreign_indices_from_the_ports_host() -> None:
    plan = _plan(World(repositories=_ubuntu("jammy")), JAMMY)

    assert _after(plan)[LIST] == JAMMY.replace(b"[", b"[arch=amd64 ")
    assert (
        _own(plan)
        == """# Written by xprov for armhf; `xprov undo` takes it away.

Types: deb
URIs: http://ports.example.org/ubuntu-ports
Suites: jammy jammy-updates jammy-security
Components: main universe
Architectures: armhf
Architectures-Remove: all
Languages: none
Targets: Packages
Signed-By: /k.gpg
"""
    )
    assert plan.notes == (
        f"armhf of `jammy`, `jammy-updates`, `jammy-security` is read from `{PORTS}`: `{MAIN}` has none",
    )
    plan.check()


def test_i386_is_read_from_the_same_host() -> None:
    plan = _plan(World(repositories=_ubuntu("jammy")), JAMMY, target="i386")

    own = _own(plan, OWN.with_name("xprov-i386.sources"))
    assert f"URIs: {MAIN}\nSuites: jammy jammy-updates jammy-security\n" in own
    assert "Architectures: i386\n" in own
    assert plan.notes == ()


def test_every_question_is_asked_once() -> None:
    world = World(repositories=_ubuntu("jammy"))

    _plan(world, JAMMY + JAMMY)

    assert len(world.asked) == len(set(world.asked))


def test_the_host_that_is_asked_first_is_the_only_one_when_it_has_all() -> None:
    world = World(repositories=_ubuntu("jammy"))

    _plan(world, JAMMY, target="i386")

    assert {question.uri.rstrip("/") for question in world.asked} == {MAIN}


def test_a_release_that_lists_what_is_not_there_proves_nothing() -> None:
    repositories = {(MAIN, "jammy"): Repository(there={"main": ("amd64",)})}

    plan = _plan(World(repositories=repositories), b"deb http://archive.example.org/ubuntu jammy main\n")

    with pytest.raises(UnsatisfiableError, match="no host has armhf of `jammy`") as caught:
        plan.check()
    assert caught.value.hint is not None
    assert MAIN in caught.value.hint
    assert PORTS in caught.value.hint
    assert "--mirror" in caught.value.hint


def test_a_named_mirror_is_asked_last() -> None:
    mirror = "https://mirror.example.com/ubuntu"
    repositories = _ubuntu("jammy", ("main",)) | {
        (mirror, "jammy"): Repository(there={"main": ("armhf",), "universe": ("armhf",)}),
        (MAIN, "jammy"): Repository(there={"main": ("amd64",), "universe": ("amd64",)}),
    }

    plan = _plan(World(repositories=repositories), JAMMY.splitlines(keepends=True)[0], mirrors=(mirror,))

    assert f"URIs: {PORTS}\nSuites: jammy\nComponents: main\n" in _own(plan)
    assert f"URIs: {mirror}\nSuites: jammy\nComponents: universe\n" in _own(plan)


def test_a_mirror_of_something_else_is_not_taken_for_the_archive() -> None:
    mirror = "https://mirror.example.com/mint"
    repositories = {
        (MAIN, "jammy"): Repository(there={"main": ("amd64",)}),
        (mirror, "jammy"): Repository(there={"main": ("armhf",)}, origin="Mint", label="Mint"),
    }
    text = b"deb http://archive.example.org/ubuntu jammy main\n"

    with pytest.raises(UnsatisfiableError):
        _plan(World(repositories=repositories), text, mirrors=(mirror,)).check()


def test_a_side_suite_without_the_target_is_said_and_no_error() -> None:
    repositories = _ubuntu("jammy")
    del repositories[(PORTS, "jammy-security")]

    plan = _plan(World(repositories=repositories), JAMMY)

    plan.check()
    assert f"`{MAIN}` `jammy-security` has no armhf: it stays amd64 only" in plan.notes
    assert "jammy-security" not in _own(plan)


def test_a_component_without_the_target_is_said_and_no_error() -> None:
    repositories = _ubuntu("jammy") | {(PORTS, "jammy"): Repository(there={"main": ("armhf",)})}

    plan = _plan(World(repositories=repositories), JAMMY)

    plan.check()
    assert f"`{MAIN}` `jammy` (universe) has no armhf: it stays amd64 only" in plan.notes


def test_a_third_party_without_the_target_stays_native() -> None:
    third = Repository(there={"main": ("amd64",)}, origin="Third", label="Party", listed=("amd64",))
    repositories = {**_ubuntu("jammy"), ("https://third.example.com/deb", "stable"): third}
    text = b"deb [signed-by=/k.gpg] https://third.example.com/deb stable main\n"

    plan = _plan(World(repositories=repositories), JAMMY + text)

    plan.check()
    assert b"deb [arch=amd64 signed-by=/k.gpg] https://third" in (_after(plan)[LIST] or b"")
    assert "third" not in _own(plan)
    assert "`https://third.example.com/deb` `stable` has no armhf: it stays amd64 only" in plan.notes


def test_a_third_party_with_the_target_gets_an_entry_of_its_own() -> None:
    ppa = "http://ppa.example.org/someone/ubuntu"
    repositories = {
        **_ubuntu("jammy"),
        (ppa, "jammy"): Repository(there={"main": ("amd64", "armhf")}, origin="LP-PPA-someone", label="PPA"),
    }

    plan = _plan(World(repositories=repositories), JAMMY + f"deb [signed-by=/k.gpg] {ppa} jammy main\n".encode())

    assert f"URIs: {ppa}\nSuites: jammy\nComponents: main\nArchitectures: armhf\n" in _own(plan)
    assert _own(plan).endswith("Targets: Packages\nSigned-By: /k.gpg\n")


def test_a_third_party_on_a_host_of_the_distribution_is_not_looked_for_elsewhere() -> None:
    ppa = "http://ppa.example.org/someone/ubuntu"
    only_native = Repository(there={"main": ("amd64",)}, origin="LP-PPA-someone", label="PPA")
    world = World(repositories={**_ubuntu("jammy"), (ppa, "jammy"): only_native})

    plan = _plan(world, JAMMY + f"deb {ppa} jammy main\n".encode())

    assert f"`{ppa}` `jammy` has no armhf: it stays amd64 only" in plan.notes


def test_a_third_party_that_is_down_is_said_and_no_error() -> None:
    third = "https://third.example.com/deb"
    world = World(repositories=_ubuntu("jammy"), silent=(third,))

    plan = _plan(world, JAMMY + f"deb {third} stable main\n".encode())

    plan.check()
    assert any("nobody could be asked for armhf, it stays amd64 only" in note for note in plan.notes)


def test_no_network_is_an_error_of_the_network() -> None:
    world = World(repositories={}, silent=(MAIN, PORTS, OLD))

    with pytest.raises(NetworkError, match="`jammy`"):
        _plan(world, JAMMY).check()


def test_a_host_that_may_have_it_and_does_not_answer_is_an_error_of_the_network() -> None:
    world = World(repositories=_ubuntu("jammy"), silent=(PORTS,))

    with pytest.raises(NetworkError, match="ports\\.example\\.org"):
        _plan(world, JAMMY).check()


def test_a_suite_that_moved_is_read_for_both_from_the_host_of_old_releases() -> None:
    there = Repository(there={"main": ("amd64", "i386", "armhf"), "universe": ("amd64", "armhf")})
    world = World(repositories={(OLD, "impish"): there, (OLD, "impish-updates"): there})
    text = b"deb [signed-by=/k.gpg] http://archive.example.org/ubuntu impish main universe\n"
    text += text.replace(b"impish", b"impish-updates")

    plan = _plan(world, text)

    plan.check()
    native = _own(plan, OWN.with_name("xprov-amd64.sources"))
    assert f"URIs: {OLD}\nSuites: impish impish-updates\nComponents: main universe\nArchitectures: amd64\n" in native
    assert "Architectures-Remove" not in native
    assert "Check-Valid-Until: no\n" in native
    assert "Signed-By: /k.gpg\nCheck-Valid-Until: no\n" in _own(plan)
    assert any("amd64 is read from" in note and "`impish`, `impish-updates`" in note for note in plan.notes)
    assert MAIN not in needed_files(plan)["xprov-needed.sources"].decode()
    assert "Architectures: amd64 armhf\n" in needed_files(plan)["xprov-needed.sources"].decode()


def test_a_moved_suite_that_the_user_reads_already_is_not_read_twice() -> None:
    there = Repository(there={"main": ("amd64", "armhf")})
    world = World(repositories={(OLD, "impish"): there})
    text = f"deb {MAIN} impish main\ndeb [trusted=yes signed-by=/k.gpg] {OLD}/ impish main\n".encode()

    plan = _plan(world, text)

    assert OWN.with_name("xprov-amd64.sources") not in _after(plan)
    assert _own(plan).count("URIs:") == 1
    assert "Trusted: yes" in _own(plan)
    assert "Check-Valid-Until" not in _own(plan)


def test_security_of_debian_is_looked_for_on_the_hosts_of_security() -> None:
    gone = "http://security.example.net/old"
    there = Repository(there={"main": ("amd64", "armhf")}, origin="Debian", label="Debian-Security")
    world = World(repositories={("http://archive.example.net/debian-security", "buster/updates"): there})

    plan = _plan(world, f"deb [signed-by=/k.gpg] {gone} buster/updates main\n".encode())

    assert "URIs: http://archive.example.net/debian-security\nSuites: buster/updates\n" in _own(plan)


def test_options_go_along_to_the_same_host() -> None:
    world = World(repositories=_ubuntu("jammy"))
    text = (
        b"Types: deb\nURIs: http://archive.example.org/ubuntu\nSuites: jammy\nComponents: main\n"
        b"Trusted: yes\nCheck-Valid-Until: no\nLanguages: de\nBy-Hash: force\nSigned-By:\n"
        b" -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n =abcd\n -----END PGP PUBLIC KEY BLOCK-----\n"
    )

    plan = _plan(world, text, target="i386", path=LIST.with_name("ubuntu.sources"))

    own = _own(plan, OWN.with_name("xprov-i386.sources"))
    assert own.endswith(
        "Languages: none\nTargets: Packages\nTrusted: yes\nCheck-Valid-Until: no\nBy-Hash: force\nSigned-By:\n"
        " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n =abcd\n -----END PGP PUBLIC KEY BLOCK-----\n"
    )


def test_trust_in_one_host_does_not_go_along_to_another() -> None:
    text = b"deb [trusted=yes allow-insecure=yes signed-by=/k.gpg] http://archive.example.org/ubuntu jammy main\n"

    plan = _plan(World(repositories=_ubuntu("jammy")), text)

    assert "Trusted" not in _own(plan)
    assert "Allow-Insecure" not in _own(plan)
    assert _own(plan).endswith("Signed-By: /k.gpg\n")
    assert f"`Trusted: yes` of /etc/apt/sources.list:1 is not taken along to `{PORTS}`" in plan.notes


def test_options_that_only_lines_can_have_are_written_as_a_line() -> None:
    text = b"deb [allow-insecure=yes inrelease-path=x] http://archive.example.org/ubuntu jammy main\n"

    plan = _plan(World(repositories=_ubuntu("jammy")), text, target="i386")

    path = OWN.with_name("xprov-i386.list")
    assert _own(plan, path).splitlines()[1:] == [
        f"deb [arch=i386 arch-=all lang=none target=Packages allow-insecure=yes inrelease-path=x] {MAIN} jammy main"
    ]
    assert OWN.with_name("xprov-i386.sources") not in _after(plan)
    assert list(needed_files(plan)) == ["xprov-needed.list"]


def test_a_line_without_a_key_gets_a_line_without_a_key() -> None:
    text = b"deb http://archive.example.org/ubuntu jammy main universe\n"

    plan = _plan(World(repositories=_ubuntu("jammy")), text + text.replace(b"jammy", b"jammy-updates"))

    assert _own(plan, OWN.with_name("xprov-armhf.list")).splitlines()[1:] == [
        f"deb [arch=armhf arch-=all lang=none target=Packages] {PORTS} jammy main universe",
        f"deb [arch=armhf arch-=all lang=none target=Packages] {PORTS} jammy-updates main universe",
    ]


def test_what_the_user_reads_for_the_target_is_left_alone() -> None:
    text = (
        b"deb [arch=amd64,i386 signed-by=/k.gpg] http://archive.example.org/ubuntu jammy main\n"
        b"deb [arch=armhf signed-by=/p.gpg] http://ports.example.org/ubuntu-ports jammy main\n"
    )

    plan = _plan(World(repositories=_ubuntu("jammy")), text)

    assert plan.changes == ()
    assert plan.notes == ()
    plan.check()
    needed = needed_files(plan)["xprov-needed.sources"].decode()
    assert f"URIs: {PORTS}\nSuites: jammy\nComponents: main\nArchitectures: armhf\n" in needed
    assert f"URIs: {MAIN}\nSuites: jammy\nComponents: main\nArchitectures: amd64\n" in needed


def test_an_entry_that_names_both_is_enough() -> None:
    text = b"deb [arch=amd64,armhf signed-by=/k.gpg] http://mirror.example.com/ubuntu jammy main\n"
    both = Repository(there={"main": ("amd64", "armhf")})

    plan = _plan(World(repositories={("http://mirror.example.com/ubuntu", "jammy"): both}), text)

    assert plan.changes == ()
    assert "Architectures: amd64 armhf" in needed_files(plan)["xprov-needed.sources"].decode()


def test_a_suite_of_the_same_name_elsewhere_does_not_count_as_read() -> None:
    ppa = "http://ppa.example.com/x"
    other = Repository(there={"main": ("amd64", "armhf")}, origin="LP-PPA-x", label="x")
    text = f"deb [signed-by=/k.gpg] {MAIN} jammy main\ndeb [arch=armhf] {ppa} jammy main\n".encode()

    plan = _plan(World(repositories={**_ubuntu("jammy"), (ppa, "jammy"): other}), text)

    assert f"URIs: {PORTS}\nSuites: jammy\nComponents: main\nArchitectures: armhf\n" in _own(plan)


def test_foreign_architectures_that_were_there_before_stay() -> None:
    plan = _plan(World(repositories=_ubuntu("jammy")), JAMMY, others=("i386", "armhf"))

    assert _after(plan)[LIST] == JAMMY.replace(b"[", b"[arch=amd64,i386 ")


def test_a_second_run_changes_nothing() -> None:
    world = World(repositories=_ubuntu("jammy"))
    first = _after(_plan(world, JAMMY))

    second = _plan(world, first[LIST] or b"", more={OWN: first[OWN] or b""})

    assert second.changes == ()
    assert second.relies_on == (LIST, OWN)


def test_a_second_target_leaves_the_files_of_the_first_alone() -> None:
    world = World(repositories=_ubuntu("jammy"))
    first = _after(_plan(world, JAMMY))

    second = _plan(world, first[LIST] or b"", more={OWN: first[OWN] or b""}, target="arm64")

    assert [change.path.name for change in second.changes] == ["xprov-arm64.sources"]


def test_an_own_file_that_is_not_needed_any_more_goes() -> None:
    text = b"deb [arch=amd64,armhf] http://mirror.example.com/ubuntu jammy main\n"
    both = Repository(there={"main": ("amd64", "armhf")})

    plan = _plan(
        World(repositories={("http://mirror.example.com/ubuntu", "jammy"): both}), text, more={OWN: b"# old\n"}
    )

    assert [(change.path, change.before, change.after) for change in plan.changes] == [(OWN, b"# old\n", None)]


def test_a_path_needs_no_entry_of_its_own() -> None:
    plan = _plan(World(repositories=_ubuntu("jammy")), JAMMY + b"deb [trusted=yes] file:/srv/debs ./\n")

    assert "file:" not in _own(plan)
    assert not any("file:" in note for note in plan.notes)


def test_a_variable_stands_for_the_architecture() -> None:
    arch = "http://third.example.com"
    repositories = {
        **_ubuntu("jammy"),
        (f"{arch}/amd64", "s"): Repository(there={"main": ("amd64",)}, origin="T"),
        (f"{arch}/armhf", "s"): Repository(there={"main": ("armhf",)}, origin="T"),
    }

    plan = _plan(World(repositories=repositories), JAMMY + f"deb [signed-by=/k.gpg] {arch}/$(ARCH) s main\n".encode())

    assert f"URIs: {arch}/armhf\nSuites: s\n" in _own(plan)


def test_a_way_that_xprov_does_not_speak_is_not_gone_around() -> None:
    class Tor(World):
        def answer(self, question: Question) -> Answer:
            return Silent(reason=f"xprov cannot ask `{question.uri}`", spoken=False)

    world = Tor(repositories={})
    plan = _plan(world, b"deb tor+http://ftp.example.net/debian bookworm main\n")

    with pytest.raises(NetworkError, match=r"tor\+http"):
        plan.check()


def test_disabled_and_source_entries_ask_nothing() -> None:
    world = World(repositories={})
    text = b"Types: deb-src\nURIs: http://a.example.org\nSuites: s\nComponents: c\n\nTypes: deb\nEnabled: no\n"

    plan = _plan(world, text, path=LIST.with_name("x.sources"))

    assert world.asked == []
    with pytest.raises(UnsatisfiableError, match="no source of packages"):
        plan.check()


def test_a_password_is_never_shown() -> None:
    secret = "https://me:secret@third.example.com/deb"  # noqa: S105 - the password that must not be seen
    world = World(repositories=_ubuntu("jammy"))

    plan = _plan(world, JAMMY + f"deb {secret} stable main\n".encode())

    assert any("third.example.com" in note for note in plan.notes)
    assert not any("secret" in note for note in plan.notes)


def test_a_broken_file_is_an_error_before_anybody_is_asked() -> None:
    world = World(repositories={})

    with pytest.raises(UsageError, match=r"sources.list`, line 1"):
        _plan(world, b"deb\n")
    assert world.asked == []


def test_a_plan_without_answers_is_refused() -> None:
    request = SourcesRequest(target="armhf", native="amd64", archives=ARCHIVES)

    with pytest.raises(ValueError, match="nobody asked"):
        plan_sources([SourcesFile(path=LIST, content=JAMMY)], request, {})


def test_a_change_shows_as_a_diff() -> None:
    plan = _plan(World(repositories=_ubuntu("jammy")), b"# \xe9\ndeb http://archive.example.org/ubuntu jammy main")

    first, second = (change.diff() for change in plan.changes)

    assert first == (
        "--- /etc/apt/sources.list\n+++ /etc/apt/sources.list\n@@ -1,2 +1,2 @@\n # \\xe9\n"
        "-deb http://archive.example.org/ubuntu jammy main\n\\ No newline at end of file\n"
        "+deb [arch=amd64] http://archive.example.org/ubuntu jammy main\n\\ No newline at end of file\n"
    )
    assert second.startswith("--- /dev/null\n+++ /etc/apt/sources.list.d/xprov-armhf.list\n")
