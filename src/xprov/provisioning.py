"""Carry a plan out to the end: the files arrive, the view, wrappers and environment are made, the result is checked."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.check import Compiler, Expectation, Linked, Report, check_libraries, pkg_config_program
from xprov.check.messages import describe, floor_warnings, time64_warning
from xprov.check.shadow import refuse_shadow
from xprov.environment import Environment, Link, Text, View, render_home_env, render_target_files
from xprov.environment.settings import compiler_arguments
from xprov.environment.stored import FILE as ENVIRONMENT_FILE
from xprov.environment.stored import environment_as_json
from xprov.errors import FloorError, XprovError
from xprov.glibc import format_version
from xprov.methods import Arrival, carry_out
from xprov.pkgconfig import install_program
from xprov.provision import FILE, Provision, ProvisionedLibrary
from xprov.request import Method
from xprov.sites import HERE
from xprov.standing import inputs_of, standing
from xprov.view import Shape, build_view, copy_file, link_file, prepare_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xprov.cache import Cache
    from xprov.check import LibraryCheck
    from xprov.environment import File
    from xprov.output import Output
    from xprov.plan import Plan
    from xprov.sites import Site
    from xprov.store import Store


def provision(plan: Plan, store: Store, cache: Cache, output: Output, site: Site = HERE) -> Provision:
    """Carry `plan` out and return what is there then; the target's folder in `store` is complete or as it was before.

    `cache` has to be in use. `site` is where the plan's toolchain runs, which has to see the store by the same name.
    Where all that the plan is made of is there already, nothing is done. Raises whatever error the method ends with,
    `FloorError` when the libraries need a newer glibc than the plan wants, and `XprovError` when one is not as its
    recipe says.
    """
    with store.locked(lambda: output.say(f"Waiting for another xprov that works in {store.path}")):
        # Another xprov may have made it meanwhile.
        if (there := standing(plan, store, output)) is not None:
            return there
        arrival = carry_out(plan, cache, output)
        with store.staged(plan.target) as folder:
            done = _fill(folder, store.folder(plan.target), plan, arrival, output, site)
            # Before the target is in its place: a run that finds it there does nothing more.
            store.write("env", render_home_env(store.path))
    return done


def _fill(folder: Path, place: Path, plan: Plan, arrival: Arrival, output: Output, site: Site) -> Provision:
    """Make the target's files in `folder`, which will be moved to `place`."""
    with output.step("Building the view") as progress:
        for view in plan.views:
            _build_view(folder, view, plan, arrival, output, progress)
    if plan.environment.view is View.FULL and plan.toolchain:
        refuse_shadow(plan.toolchain, folder / View.FULL.value, plan.target, site)
    draft = _draft(plan, arrival)
    environment = replace(plan.environment, generation=draft.generation)
    if not environment.native:
        install_program(folder)
    _write(folder, render_target_files(environment, place))
    with output.step("Checking the libraries"):
        report = _check(folder, plan, environment, site)
    _require_floor(report, plan)
    if environment.native:
        # The compiler finds all of it in the system; what was built was for the checks.
        shutil.rmtree(folder / environment.view.value)
    done = replace(
        draft, libraries=tuple(_library(check) for check in report.checks), warnings=tuple(_warnings(report, plan))
    )
    _write(
        folder,
        {
            FILE: Text(text=json.dumps(done.as_json(), indent=2) + "\n"),
            ENVIRONMENT_FILE: Text(text=json.dumps(environment_as_json(environment), indent=2) + "\n"),
        },
    )
    for check in report.checks:
        output.say(describe(check, plan.target))
    for warning in done.warnings:
        output.warning(warning)
    return done


def _require_floor(report: Report, plan: Plan) -> None:
    """Raise `FloorError` when the libraries need more than the plan wants, where the plan says that they must not."""
    wanted, floor = plan.wanted.version, report.floor
    if not plan.route.strict or wanted is None or floor is None or floor.version[:2] <= wanted[:2]:
        return
    raise FloorError(
        f"{plan.suite}'s libraries need glibc {format_version(floor.version)} ({floor.why}), and"
        f" {plan.wanted.said_by} is {format_version(wanted)}",
        hint="`--glibc` or `--manylinux` says what they may need, `xprov suites` what each suite's do",
    )


def _build_view(
    folder: Path, view: View, plan: Plan, arrival: Arrival, output: Output, progress: Callable[[str], None]
) -> None:
    prepared = prepare_view(arrival.trees, plan.target, Shape(view.value), keep_all=plan.keep_all)
    for note in prepared.notes:
        output.detail(note)
    # What apt installed belongs to the machine, and changes with it; what is in the cache never does.
    place = link_file if plan.method is Method.SYSROOT else copy_file
    build_view(prepared, folder / view.value, place=place, progress=progress)


def _draft(plan: Plan, arrival: Arrival) -> Provision:
    return Provision(
        target=plan.target,
        method=plan.method,
        suite=plan.suite,
        libraries=(),
        packages=arrival.packages,
        toolchain_glibc=plan.toolchain.glibc if plan.toolchain else None,
        inputs=inputs_of(plan),
    )


def _write(folder: Path, files: Mapping[str, File]) -> None:
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        match file:
            case Text():
                path.write_text(file.text, encoding="utf-8")
                path.chmod(0o755 if file.executable else 0o644)
            case Link():
                path.symlink_to(file.to)


def _check(folder: Path, plan: Plan, environment: Environment, site: Site) -> Report:
    expectations = [
        Expectation(
            library=recipe.library,
            modules=recipe.modules,
            header=recipe.check.header,
            symbol=recipe.check.symbol,
            link=recipe.check.link,
        )
        for recipe in plan.recipes
    ]
    report = check_libraries(
        expectations,
        folder / environment.view.value,
        plan.target,
        pkg_config=pkg_config_program(Path("pkg-config") if environment.native else folder / environment.pkg_config),
        compiler=_compiler(folder, plan, environment, site),
    )
    # That a program could not be linked may be the compiler's fault; the rest is what the library is useless without.
    missing = [f"{check.library}: {problem}" for check in report.checks for problem in check.problems]
    if missing:
        raise XprovError(
            f"the libraries for {plan.target.name} are not as their recipes say:\n  " + "\n  ".join(missing),
            hint="`xprov show LIBRARY` prints what a recipe expects; a recipe of your own can say it better",
        )
    return report


def _compiler(folder: Path, plan: Plan, environment: Environment, site: Site) -> Compiler | None:
    if plan.toolchain is None:
        return None
    libraries = f"{folder}/{environment.library_folders[0]}"
    flags = (*compiler_arguments(environment, str(folder)), "-Xlinker", "-rpath-link", "-Xlinker", libraries)
    return Compiler(cc=plan.toolchain.cc, flags=flags, site=site)


def _library(check: LibraryCheck) -> ProvisionedLibrary:
    floor, wheel_floor = check.floor, check.wheel_needs.floor
    return ProvisionedLibrary(
        name=check.library,
        modules={module.name: module.version or "" for module in check.modules},
        floor=floor.version if floor else None,
        floor_file=floor.why if floor else None,
        wheel_floor=wheel_floor.version if wheel_floor else None,
        linked=check.link.linked is Linked.YES,
    )


def _warnings(report: Report, plan: Plan) -> Iterator[str]:
    """Yield what is to be said about the libraries, beside what they are."""
    for check in report.checks:
        if check.link.linked is Linked.NO:
            yield f"a program that uses {check.library} cannot be linked:\n{check.link.why}"
    toolchain = plan.toolchain.glibc if plan.toolchain else None
    yield from floor_warnings(report, toolchain, plan.target)
    if time64 := time64_warning(report.checks, plan.target, plan.suite):
        yield time64
