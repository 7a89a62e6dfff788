"""What keeps a plan from being carried out on a machine. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.errors import ToolMissingError, XprovError
from xprov.request import Method
from xprov.target import Libc

if TYPE_CHECKING:
    from xprov.host import Host
    from xprov.routes import Route


def obstacles(route: Route, host: Host) -> tuple[XprovError, ...]:
    """Return what keeps xprov from carrying out a plan by `route` on `host`, the first to be mended first."""
    match route.method:
        case Method.SYSROOT:
            return ()
        case Method.MULTIARCH if not host.has_apt:
            return (
                ToolMissingError(
                    f"there is no apt for xprov to work with: this is {host.pretty_name}",
                    hint="`--method sysroot` needs none; or run it in a Debian or Ubuntu container",
                ),
            )
        case Method.NATIVE | Method.MULTIARCH if host.package_manager is None:
            return (
                ToolMissingError(
                    f"there is no package manager for xprov to work with: this is {host.pretty_name}",
                    hint=f"xprov works with apt, dnf, microdnf, yum and apk{_or_sysroot(host)}",
                ),
            )
        case Method.NATIVE | Method.MULTIARCH:
            return () if host.is_root else (_not_root(host),)


def _not_root(host: Host) -> XprovError:
    name = host.package_manager.value if host.package_manager else ""
    without = "" if host.libc is Libc.MUSL else "`--method sysroot` needs no root; or "
    return XprovError(
        f"only root can have {name} install packages",
        hint=f"{without}run it in a container, or with sudo: `sudo --preserve-env=HOME,XPROV_HOME xprov setup ...`",
    )


def _or_sysroot(host: Host) -> str:
    return "" if host.libc is Libc.MUSL else "; `--method sysroot` needs none"
