"""Have an image here that runs on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.errors import NetworkError, UsageError

if TYPE_CHECKING:
    from xprov.engine import Engine, Image
    from xprov.output import Output

# OCI's architectures that a machine runs besides its own, without emulation.
_ALSO_RUN = {"amd64": ("386",), "arm64": ("arm",)}


def bring_image(engine: Engine, reference: str, output: Output, *, offline: bool) -> Image:
    """Return the image, which is pulled where it is not here. Raises `UsageError` for one of another machine's."""
    image = engine.image(reference)
    if image is None:
        if offline:
            raise NetworkError(
                f"the image `{reference}` is not here, and --offline was asked for", hint=f"`docker pull {reference}`"
            )
        with output.step(f"Pulling {reference}") as progress:
            engine.pull(reference, progress)
        image = engine.image(reference)
        if image is None:
            raise NetworkError(f"`{reference}` was pulled and is not here")
    own = engine.architecture
    if image.architecture not in (own, *_ALSO_RUN.get(own, ())):
        raise UsageError(
            f"the image `{reference}` is for {image.architecture} machines, and this one is {own}",
            hint=f"`docker pull --platform linux/{own} {reference}`, where there is one; or name another image",
        )
    return image
