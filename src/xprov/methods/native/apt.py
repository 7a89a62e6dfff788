"""Method `native` by apt."""

from xprov import process
from xprov.apt.apt_get import update
from xprov.apt.install import Installation, install, propose
from xprov.cache import Cache
from xprov.methods import Arrival
from xprov.methods.installed import are_installed, read_arrival
from xprov.output import Output, count
from xprov.plan import Plan


def carry_out(plan: Plan, _cache: Cache, output: Output) -> Arrival:
    """Install the packages of `plan`, and pkg-config where there is none, and return what is there.

    Raises `UnsatisfiableError` when apt refuses, `NetworkError` when it cannot fetch.
    """
    architecture = plan.target.debian
    # Build scripts of a native build run whatever pkg-config is in PATH.
    pkg_config = () if process.find("pkg-config") else ("pkg-config",)
    if not pkg_config and are_installed(plan.packages, plan.target):
        output.say(f"Installed already: {' '.join(plan.packages)}")
        return read_arrival(plan.packages, plan.target)
    wanted = Installation(packages=(*plan.packages, *pkg_config), architecture=architecture, native=architecture)
    with output.step("Reading the package lists") as progress:
        for failed in update(progress=progress, waiting=output.say):
            output.warning(f"`{failed.url}` could not be fetched: {failed.reason}")
    proposal = propose(wanted)
    with output.step(f"Installing {count(len(proposal.transaction.installs), 'package')}") as progress:
        install(wanted, proposal, progress=progress, waiting=output.say)
    return read_arrival(plan.packages, plan.target)
