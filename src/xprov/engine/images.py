"""Images: what an engine knows of one, and how it is brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docker.errors import APIError, ImageNotFound

from xprov.engine.failures import absent, explained, failure
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docker import DockerClient

_MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """An image that is here. `architecture` is OCI's name; `environ` are its variables, `user` who runs in it."""

    reference: str
    id: str
    architecture: str
    environ: Mapping[str, str]
    user: str
    labels: Mapping[str, str]


def find_image(client: DockerClient, reference: str) -> Image | None:
    """Return the image that `reference` names, None when it is not here."""
    with explained(f"looking for the image `{reference}`"):
        try:
            found = client.images.get(reference)
        except ImageNotFound:
            return None
    attributes: Any = found.attrs
    config = attributes.get("Config") or {}
    return Image(
        reference=reference,
        id=str(attributes["Id"]).removeprefix("sha256:"),
        architecture=str(attributes["Architecture"]),
        environ=dict(word.split("=", 1) for word in config.get("Env") or () if "=" in word),
        user=str(config.get("User") or ""),
        labels=dict(config.get("Labels") or {}),
    )


def pull_image(client: DockerClient, reference: str, progress: Callable[[str], None]) -> None:
    """Have the engine bring an image. Raises `NetworkError` when it cannot be had."""
    layers: dict[str, tuple[int, int]] = {}
    name, _, tag = reference.partition("@") if "@" in reference else reference.rpartition(":")
    if "/" in tag or not name:
        name, tag = reference, "latest"
    with explained(f"pulling `{reference}`"):
        try:
            for line in client.api.pull(name, tag=tag, stream=True, decode=True):
                if "error" in line:
                    raise failure(f"pulling `{reference}`", line["error"])
                _count(layers, line, progress)
        except (ImageNotFound, APIError) as error:
            if error.status_code in {401, 403, 404} or "denied" in str(error) or "unauthorized" in str(error):
                raise absent(reference, error) from error
            raise


def _count(layers: dict[str, tuple[int, int]], line: Mapping[str, Any], progress: Callable[[str], None]) -> None:
    detail = line.get("progressDetail") or {}
    if line.get("status") != "Downloading" or not detail.get("total"):
        return
    layers[line["id"]] = (detail.get("current", 0), detail["total"])
    here, total = (sum(amounts) // _MEGABYTE for amounts in zip(*layers.values(), strict=True))
    progress(f"{here} of {total} MB")
