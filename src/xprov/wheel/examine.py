"""The static part of `xprov check-wheel`: a wheel or an sdist in, all that can be known without running it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.errors import UsageError
from xprov.records import dataclass
from xprov.wheel import binaries, layout, libraries, modules
from xprov.wheel.bundle import Bundle
from xprov.wheel.contents import Contents, read_contents
from xprov.wheel.finding import Severity, make_finding
from xprov.wheel.names import Family, parse_wheel_name
from xprov.wheel.policies import policies, policy_for
from xprov.wheel.sdist import SUFFIX, read_sdist, sdist_name
from xprov.wheel.stowaways import check_stowaways

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from xprov.glibc import Floor
    from xprov.recipe import Recipe
    from xprov.wheel.finding import Finding
    from xprov.wheel.names import Platform, WheelName


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What is known of a file without running it.

    `name` is None for an sdist and for a wheel whose name says nothing. `floor` is the newest glibc that is asked for,
    `system` the libraries that the machine must have, `bundled` those that the wheel carries, by member.
    `top` are the modules at its top, `extensions` every extension module, dotted. `requires` is Requires-Dist,
    `requires_python` Requires-Python.
    """

    path: Path
    name: WheelName | None = None
    floor: Floor | None = None
    system: tuple[str, ...] = ()
    bundled: tuple[str, ...] = ()
    top: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    requires_python: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


def examine(path: Path, recipes: Sequence[Recipe]) -> Examined:
    """Return what is known of the wheel or sdist `path`; `recipes` say which libraries should not be in there.

    Raises `XprovError` when it cannot be read, `UsageError` when it is neither by its name.
    """
    if path.name.endswith(SUFFIX):
        return _examine_sdist(path)
    if not path.name.endswith(".whl"):
        raise UsageError(f"`{path}` is neither a wheel nor an sdist by its name", hint="`.whl` or `.tar.gz`")
    contents = read_contents(path)
    try:
        name = parse_wheel_name(path.name)
    except UsageError as error:
        return Examined(path=path, findings=(make_finding("bad-name", error.message), *contents.findings))
    return _examine_wheel(path, name, contents, recipes)


def _examine_sdist(path: Path) -> Examined:
    sizes, findings = read_sdist(path)
    distribution = sdist_name(path.name)
    if distribution is None:
        findings.append(make_finding("bad-name", f"`{path.name}` is no name of an sdist"))
    findings += check_stowaways(sizes, distribution or "")
    return Examined(path=path, findings=tuple(findings))


def _examine_wheel(path: Path, name: WheelName, contents: Contents, recipes: Sequence[Recipe]) -> Examined:
    bundle = Bundle(contents.elves)
    findings = [*contents.findings]
    requires: tuple[str, ...] = ()
    requires_python = ""
    # Of what could not be read, no more can be said.
    if contents.members:
        folder, wrong = layout.dist_info(contents, name)
        findings += [wrong] if wrong else []
        if folder is not None:
            findings += _check_texts(contents, folder, name)
            requires = layout.requirements(contents.texts, folder)
            requires_python = layout.required_python(contents.texts, folder)
        findings += check_stowaways({member.name: member.size for member in contents.members}, name.distribution)
        findings += modules.check_presence(bundle, name)
    findings += check_elves(bundle, name, recipes)
    return Examined(
        path=path,
        name=name,
        floor=binaries.floor_of(bundle),
        system=libraries.system_libraries(bundle),
        bundled=tuple(sorted(member.name for member in bundle.elves if bundle.is_library(member))),
        top=modules.top_modules(contents),
        extensions=modules.extension_modules(bundle, name),
        requires=requires,
        requires_python=requires_python,
        findings=tuple(_once(findings)),
    )


def _check_texts(contents: Contents, folder: str, name: WheelName) -> Iterator[Finding]:
    has_modules = any(member.modules for member in contents.elves)
    yield from layout.check_metadata(contents.texts, folder, name)
    yield from layout.check_wheel_file(contents.texts, folder, name, has_modules=has_modules)
    yield from layout.check_record(contents, folder)


def check_elves(bundle: Bundle, name: WheelName, recipes: Sequence[Recipe]) -> Iterator[Finding]:
    """Yield what is found about the ELF files of a wheel that is called `name`."""
    for platform in name.promises:
        yield from _check_platform(bundle, platform, recipes)
    yield from modules.check_suffixes(bundle, name)
    yield from libraries.check_rpaths(bundle)
    yield from libraries.check_unwanted(bundle, recipes)
    yield from libraries.check_build_paths(bundle)


def _check_platform(bundle: Bundle, platform: Platform, recipes: Sequence[Recipe]) -> Iterator[Finding]:
    if platform.family is Family.ANY:
        yield from binaries.check_pure(bundle)
        return
    if platform.family is Family.OTHER:
        return
    yield from _check_tag(platform)
    policy = policy_for(platform)
    yield from binaries.check_machine(bundle, platform)
    yield from binaries.check_processor(bundle, platform)
    yield from binaries.check_libc(bundle, platform)
    yield from binaries.check_glibc(bundle, platform)
    yield from binaries.check_musl(bundle, platform)
    if policy is not None:
        yield from binaries.check_versions(bundle, platform, policy)
        yield from libraries.check_needed(bundle, platform, policy, recipes)
        yield from libraries.check_reached(bundle, policy)
        yield from libraries.check_inside(bundle, policy)


def _check_tag(platform: Platform) -> Iterator[Finding]:
    if platform.target is None:
        yield make_finding("unknown-machine", f"{platform.tag} is for `{platform.machine}`")
    if platform.family is Family.LINUX:
        yield make_finding("linux-tag", f"the tag is {platform.tag}")
    known = policies(platform.family, platform.machine or "") if platform.version else ()
    if not platform.is_accepted:
        yield make_finding("refused-tag", f"the tag is {platform.tag}")
    elif known and platform.version and platform.version > known[-1].version:
        yield make_finding("unknown-policy", f"{platform.tag} is newer than {known[-1].name}")


def _once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield each finding once, errors first: two promises of one name may find the same."""
    ordered = sorted(dict.fromkeys(findings), key=lambda finding: list(Severity).index(finding.severity))
    yield from ordered
