"""xprov itself and all it depends on as wheels, for containers that install them without an index."""

import subprocess
import sys
from pathlib import Path

from tests.integration.images import download_wheels

CHECKOUT = Path(__file__).parents[2]

PLACE = "/run/xprov-test/wheels"
"""Where a container finds the wheelhouse that was mounted."""

INSTALL = f"""
python3 -m venv /opt/xprov
/opt/xprov/bin/pip install --quiet --no-index --find-links {PLACE} xprov
ln -s /opt/xprov/bin/xprov /usr/local/bin/xprov
"""
"""A script that installs xprov in a container with trixie's python3-venv, in a place of its own, and on PATH."""


def fill_wheelhouse(folder: Path) -> Path:
    """Build xprov's wheel from the checkout into `folder`, fetch what its metadata names, and return the folder."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", f"--wheel-dir={folder}", str(CHECKOUT)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    download_wheels(folder, *map(str, folder.glob("xprov-*.whl")))
    return folder
