"""Method `native` by Alpine's apk, which is asked for what provides pkg-config's modules."""

from xprov import process
from xprov.apk.answers import failure, not_found
from xprov.apk.commands import PKG_CONFIG, install_command
from xprov.apk.database import owned_paths, read_installed
from xprov.apk.repositories import read_repositories, repository_hint
from xprov.cache import Cache
from xprov.capabilities import closure, missing
from xprov.errors import UnsatisfiableError
from xprov.methods import Arrival
from xprov.methods.native.arrival import arrived, nothing_has
from xprov.methods.native.system import is_system_package
from xprov.output import Output
from xprov.package_manager import Family
from xprov.plan import Plan


def carry_out(plan: Plan, _cache: Cache, output: Output) -> Arrival:
    """Install what provides the packages of `plan`, and pkg-config where there is none, and return what is there.

    Raises `UnsatisfiableError` when no repository has it, `NetworkError` when none can be reached,
    `VerificationError` when a signature or a hash is not right.
    """
    pkg_config = () if process.find("pkg-config") else (PKG_CONFIG,)
    wanted = (*missing((package for package in read_installed()), plan.packages), *pkg_config)
    if wanted:
        _install(wanted, plan, output)
    else:
        output.say(f"Installed already: {' '.join(plan.packages)}")
    found = closure(read_installed(), plan.packages, stop=is_system_package)
    return arrived(found, owned_paths())


def _install(wanted: tuple[str, ...], plan: Plan, output: Output) -> None:
    with output.step(f"Installing what provides {' '.join(wanted)}") as progress:
        completed = process.run(install_command(wanted), check=False, on_line=progress)
    if completed.ok:
        return
    error = failure(completed.stdout)
    if isinstance(error, UnsatisfiableError) and (lacking := not_found(completed.stdout)):
        raise nothing_has(plan, Family.APK, lacking, repository_hint(read_repositories()))
    raise error
