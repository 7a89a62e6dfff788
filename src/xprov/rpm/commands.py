"""What dnf, microdnf and yum are asked. Pure.

Sources: dnf(8), microdnf(8), yum(8) and yum.conf(5) of yum 3.4.3, which CentOS 7 has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.errors import UsageError
from xprov.package_manager import Family, PackageManager

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PKG_CONFIG = "/usr/bin/pkg-config"
"""What brings pkg-config: the package is called pkgconfig, pkgconf-pkg-config or otherwise, the file always this."""


def install_command(
    manager: PackageManager, wanted: Sequence[str], repositories: Path | None = None
) -> tuple[str, ...]:
    """Return how `manager` installs what provides `wanted`, and nothing that is only recommended, without asking.

    All or nothing: yum would pass over what it does not find. `repositories` is the folder with the files to take the
    place of /etc/yum.repos.d, None for that one.
    """
    if manager.family is not Family.RPM:
        raise UsageError(f"{manager.value} installs no packages of rpm")
    is_yum = manager is PackageManager.YUM
    option = "--setopt=skip_missing_names_on_install=0" if is_yum else "--setopt=install_weak_deps=0"
    folder = (f"--setopt=reposdir={repositories}",) if repositories else ()
    return (manager.value, "install", "--assumeyes", option, *folder, *wanted)
