"""Words of a shell, for variables that hold several."""

import re


def quote(text: str) -> str:
    """Return `text` as one word of a shell, quoted only where it must be, as `env` does it."""
    if re.fullmatch(r"[A-Za-z0-9_./:=@%+,-]*", text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
