"""xprov itself and all it depends on as wheels, for containers that install them without an index."""

import subprocess
import sys
from pathlib import Path

from tests.integration.images import download_wheels

CHECKOUT = Path(__file__).parents[2]

PLACE = "/run/xprov-test/wheels"
"""Where a container finds the wheelhouse that was mounted."""

INSTALL = f"""
set -e
home={PLACE}/$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
if [ ! -x $home/bin/xprov ]; then
    python3 -m venv $home
    $home/bin/pip install --quiet --no-index --find-links {PLACE} xprov
fi
ln -s $home/bin/xprov /usr/local/bin/xprov
"""
"""A script that puts xprov on PATH in a container with python3-venv.

It is installed in an environment of its own in the wheelhouse, by the first container that has this version of Python,
and used by all that come after it.
"""


def fill_wheelhouse(folder: Path) -> Path:
    """Build xprov's wheel from the checkout into `folder`, fetch what its metadata names, and return the folder."""
    # In a container not only root runs what is installed there.
    folder.chmod(0o755)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", f"--wheel-dir={folder}", str(CHECKOUT)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    download_wheels(folder, *map(str, folder.glob("xprov-*.whl")))
    return folder
