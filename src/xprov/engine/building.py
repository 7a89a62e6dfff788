"""Have an engine build an image."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

from xprov.engine.failures import explained, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docker import DockerClient

# distribution/reference: a host, lower-case words between slashes, a tag.
_REFERENCE = re.compile(
    r"([a-zA-Z0-9.-]+(:[0-9]+)?/)?"
    r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
)
_STEP = re.compile(r"(?i)step (\d+)/(\d+)")


def is_reference(text: str) -> bool:
    """Return whether an image can be called `text`."""
    return _REFERENCE.fullmatch(text) is not None


def build_image(
    client: DockerClient, context: IO[bytes], tag: str, labels: Mapping[str, str], progress: Callable[[str], None]
) -> None:
    """Build the Dockerfile of `context`, a tar archive, and call the image `tag` when it is complete.

    Raises `XprovError` with what the last step wrote when one fails.
    """
    doing = f"building `{tag}`"
    wrote: list[str] = []
    with explained(doing):
        lines = client.api.build(
            fileobj=context,
            custom_context=True,
            tag=tag,
            labels=dict(labels),
            rm=True,
            forcerm=True,
            decode=True,
        )
        for line in lines:
            text = str(line.get("stream", ""))
            if step := _STEP.match(text):
                wrote.clear()
                progress(f"step {step[1]} of {step[2]}")
            wrote.append(text)
            if "error" in line:
                raise failure(doing, f"{line['error']}\n{''.join(wrote).rstrip()}")
