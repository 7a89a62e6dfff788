"""How a program that is missing is installed on this machine, for hints."""

from collections.abc import Mapping

from xprov.process import find

_COMMANDS = {
    "apt-get": "apt-get install",
    "dnf": "dnf install",
    "microdnf": "microdnf install",
    "yum": "yum install",
    "apk": "apk add",
}


def how_to_install(packages: Mapping[str, str]) -> str:
    """Return the command that installs a package, in backticks: by this machine's own package manager, else all.

    `packages` maps `apt-get`, `dnf`, `yum` and `apk` to what the package is called there.
    """
    names = {**packages, "microdnf": packages["dnf"]}
    here = [manager for manager in _COMMANDS if find(manager)]
    return ", ".join(f"`{_COMMANDS[manager]} {names[manager]}`" for manager in (here[:1] or packages))
