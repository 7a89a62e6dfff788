"""One cache, many processes: nothing is lost and nothing is half there, also when they are killed."""

import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.integration.cache_processes import PROCESSES, write_debs

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "debs").mkdir()
    write_debs(tmp_path / "debs")
    return tmp_path


def start(scene: str, place: Path, seed: int) -> subprocess.Popen[str]:
    words = (scene, str(place / "cache"), str(place / "debs"), str(seed))
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.cache_processes", *words],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def require_success(processes: list[subprocess.Popen[str]]) -> None:
    said = [(process.communicate()[1], process.returncode) for process in processes]
    assert said == [("", 0)] * len(processes)


def test_many_processes_use_one_cache_and_prune_it(place: Path) -> None:
    scenes = ["pruning"] * 2 + ["using"] * (PROCESSES - 2)

    require_success([start(scene, place, seed) for seed, scene in enumerate(scenes)])

    assert [path for path in (place / "cache" / "trees").iterdir() if path.name.startswith(".")] == []


def test_many_processes_unpack_one_package_at_once(place: Path) -> None:
    require_success([start("racing", place, 0)])


def test_a_process_that_is_killed_leaves_nothing_half_there(place: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails

    require_success([start("killed", place, seed)])


@pytest.mark.root
def test_another_users_cache_serves_and_what_is_not_allowed_is_said() -> None:
    # Not below pytest's own folder, which no other user can enter.
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        (place / "debs").mkdir()
        write_debs(place / "debs")

        require_success([start("foreign", place, 0)])
