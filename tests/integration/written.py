"""A home of xprov as the store would write it, for tests that are about what is in it."""

import os
import shutil
from pathlib import Path

import pytest

from xprov.environment import Environment, Link, Text, render_home_env, render_target_files
from xprov.pkgconfig import install_program


def write_home(home: Path, *environments: Environment, program: bool = True) -> None:
    """Write the files of `environments`, and an empty view for each that has none yet."""
    for environment in environments:
        folder = home / environment.target.name
        for path, file in render_target_files(environment, folder).items():
            _write(folder / path, file)
        (folder / "libs/usr/lib" / environment.target.triplet / "pkgconfig").mkdir(parents=True, exist_ok=True)
        (folder / "libs/usr/include").mkdir(parents=True, exist_ok=True)
        if program:
            assert install_program(folder) is not None
    (home / "env").write_text(render_home_env(home), encoding="utf-8")


def add_module(folder: Path, name: str, *, triplet: str, libs: str | None = None) -> None:
    """Add a .pc file, as Debian's are, to the view of a target's folder."""
    module = folder / "libs/usr/lib" / triplet / "pkgconfig" / f"{name}.pc"
    module.write_text(
        f"prefix=/usr\nlibdir=${{prefix}}/lib/{triplet}\nincludedir=${{prefix}}/include\n\n"
        f"Name: {name}\nDescription: made for a test\nVersion: 1.2.3\n"
        f"Libs: -L${{libdir}} {libs or '-l' + name}\nCflags: -I${{includedir}}/{name}\n",
        encoding="utf-8",
    )


def _write(path: Path, file: Text | Link) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(file, Link):
        path.unlink(missing_ok=True)
        path.symlink_to(file.to)
        return
    path.write_text(file.text, encoding="utf-8")
    path.chmod(0o755 if file.executable else 0o644)


def need(*programs: str) -> None:
    """Skip the test, or fail it in CI, where this machine lacks one of `programs`."""
    for program in programs:
        if shutil.which(program) is not None:
            continue
        if os.environ.get("XPROV_TESTS_REQUIRE"):
            pytest.fail(f"XPROV_TESTS_REQUIRE is set and `{program}` is not installed", pytrace=False)
        pytest.skip(f"`{program}` is not installed")
