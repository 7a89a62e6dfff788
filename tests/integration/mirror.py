"""The Debian archive that this machine's own apt is configured with; no address of one stands in this repository."""

import subprocess
from dataclasses import dataclass


class MirrorError(LookupError):
    """The apt of this machine reads no Debian archive."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mirror:
    """Addresses of a Debian archive and, where this machine reads one, of its security archive."""

    archive: str
    security: str | None

    def lines(self, suite: str) -> tuple[str, ...]:
        """Return what a sources.list for `suite` says, in the form and order of Debian's own container images."""
        own = (f"deb {self.archive} {suite} main", f"deb {self.archive} {suite}-updates main")
        security = (f"deb {self.security} {suite}-security main",) if self.security else ()
        return (own[0], *security, own[1])

    def stanzas(self, suite: str) -> str:
        """Return what a debian.sources for `suite` says, in the form of Debian's own container images."""
        places = [(self.archive, f"{suite} {suite}-updates")]
        if self.security:
            places.append((self.security, f"{suite}-security"))
        return "\n".join(
            f"Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: main\n"
            "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
            for uri, suites in places
        )


def find_mirror() -> Mirror:
    """Ask apt. Raises `MirrorError` on a machine whose apt reads no Debian archive."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    pairs = (line.split(" ", 1) for line in listed.stdout.splitlines() if " " in line)
    places = {label: uri.rstrip("/") for label, uri in pairs}
    if "Debian" not in places:
        raise MirrorError("this machine's apt reads no Debian archive (`apt-get update` may not have run yet)")
    return Mirror(archive=places["Debian"], security=places.get("Debian-Security"))
