"""Method `native` by dnf, microdnf or yum, which are asked for what provides pkg-config's modules."""

from contextlib import nullcontext

from xprov import process
from xprov.cache import Cache
from xprov.capabilities import closure, missing
from xprov.errors import UnsatisfiableError
from xprov.methods import Arrival
from xprov.methods.native.arrival import arrived, nothing_has
from xprov.methods.native.system import is_system_package
from xprov.output import Output
from xprov.package_manager import Family, PackageManager
from xprov.plan import Plan
from xprov.rpm.answers import failure, not_found
from xprov.rpm.commands import PKG_CONFIG, install_command
from xprov.rpm.database import owned_paths, read_installed
from xprov.rpm.repositories import FOLDER, enabled, read_repositories, repository_hint
from xprov.rpm.vault import vaulted, written


def carry_out(plan: Plan, _cache: Cache, output: Output) -> Arrival:
    """Install what provides the packages of `plan`, and pkg-config where there is none, and return what is there.

    Raises `UnsatisfiableError` when no repository has it, `NetworkError` when none can be reached,
    `VerificationError` when a signature or a hash is not right.
    """
    manager = plan.package_manager
    assert manager is not None  # noqa: S101 - else it is an obstacle
    pkg_config = () if process.find("pkg-config") else (PKG_CONFIG,)
    wanted = (*missing(read_installed(plan.target), plan.packages), *pkg_config)
    if wanted:
        _install(manager, wanted, plan, output)
    else:
        output.say(f"Installed already: {' '.join(plan.packages)}")
    there = read_installed(plan.target)
    if lacking := missing(there, plan.packages):
        raise _nothing_has(plan, manager, lacking)
    found = closure(there, plan.packages, stop=is_system_package)
    return arrived(found, owned_paths(found))


def _install(manager: PackageManager, wanted: tuple[str, ...], plan: Plan, output: Output) -> None:
    instead = vaulted(read_repositories(), plan.target.debian)
    if instead:
        output.say(f"CentOS's mirrors are gone: {manager.value} asks vault.centos.org, `{FOLDER}` stays as it is")
    with (
        written(instead) if instead else nullcontext() as folder,
        output.step(f"Installing what provides {' '.join(wanted)}") as progress,
    ):
        completed = process.run(install_command(manager, wanted, folder), check=False, on_line=progress)
    if completed.ok:
        return
    error = failure(manager.value, completed.stdout)
    if isinstance(error, UnsatisfiableError) and (lacking := not_found(completed.stdout)):
        raise _nothing_has(plan, manager, lacking)
    raise error


def _nothing_has(plan: Plan, manager: PackageManager, wanted: tuple[str, ...]) -> UnsatisfiableError:
    hint = repository_hint(plan.suite, manager.value, enabled(read_repositories()))
    return nothing_has(plan, Family.RPM, wanted, hint)
