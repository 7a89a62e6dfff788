"""Fuzz one target by coverage, for as long as one likes. By hand: it needs atheris, which is in no extra.

    pip install atheris
    python -m tests.fuzz.run tar -max_total_time=180

What is behind the target's name goes to libFuzzer. Inputs are kept in a folder of its own below the temporary one; a
crash is written there too.
"""

import importlib
import logging
import sys
import tempfile
from pathlib import Path

_MEMORY = 1024
_SLOWEST = 10


def main(words: list[str]) -> None:
    atheris = importlib.import_module("atheris")  # of no extra, and without types

    name, *options = words
    with atheris.instrument_imports(include=["xprov", "tarfile", "debian", "email", "lzma"]):
        # Imported here, so that it is seen which lines an input reaches.
        targets = importlib.import_module("tests.fuzz.targets")
    place = Path(tempfile.gettempdir(), "xprov-fuzz", name)
    (place / "inputs").mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets.seeds(name)):
        (place / "inputs" / f"seed-{number}").write_bytes(seed)
    dictionary = place / "words"
    escaped = ["".join(f"\\x{byte:02x}" for byte in word) for word in targets.WORDS[name]]
    dictionary.write_text("".join(f'"{word}"\n' for word in escaped), encoding="ascii")
    limits = (f"-rss_limit_mb={_MEMORY}", f"-timeout={_SLOWEST}", "-max_len=20000", "-print_final_stats=1")
    command = [
        sys.argv[0],
        f"-artifact_prefix={place}/",
        f"-dict={dictionary}",
        *limits,
        *options,
        str(place / "inputs"),
    ]
    # python-debian logs each relation that is none.
    logging.disable()
    atheris.Setup(command, targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
