"""Who does the same work: xprov in several states, mmdebstrap, and apt with a configuration of its own."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.cases import RECIPES, Case
from tests.mirror import Mirror

MMDEBSTRAP, APT = "mmdebstrap", "apt"
COLD, FULL, LOCKED, WARM = "xprov cold", "xprov cold, full view", "xprov locked", "xprov warm"
TYPER, ENV, HELP = "import typer", "xprov env", "xprov --help"
LOCK = "xprov.lock"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """For which target, from which suite and archive, and the folder that all of it happens in."""

    target: str
    suite: str
    mirror: Mirror
    folder: Path

    @property
    def kept(self) -> Path:
        """The folder in which all is there already."""
        return self.folder / "kept"

    @property
    def environ(self) -> dict[str, str]:
        """The variables of every run: this process's, with bytecode that is kept, as pip keeps it."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XPROV_"))}
        home = self.folder / "home"
        return {**own, "HOME": str(home), "LC_ALL": "C.UTF-8", "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """One who does the work, in a folder that is empty before each run unless it is `kept`.

    `command` and `variables` are asked for a folder; `prepare` puts there what is not part of the work.
    """

    name: str
    command: Callable[[Path], Sequence[str]]
    variables: Callable[[Path], Mapping[str, str]] = lambda _folder: {}
    prepare: Callable[[Path], None] = lambda _folder: None
    kept: bool = False


def contenders(case: Case, setting: Setting) -> tuple[Contender, ...]:
    """Return who does the work of `case` from nothing, the first to be the measure of the others."""
    cold = xprov_setup(case, setting)
    return (
        Contender(name=MMDEBSTRAP, command=lambda folder: _mmdebstrap(case, setting, folder)),
        Contender(
            name=APT,
            command=lambda folder: ("sh", "-e", str(folder / "run.sh")),
            variables=lambda folder: {"APT_CONFIG": str(folder / "apt.conf")},
            prepare=lambda folder: _prepare_apt(case, setting, folder),
        ),
        Contender(name=COLD, command=lambda _folder: cold, variables=places),
        Contender(
            name=LOCKED,
            command=lambda _folder: (*cold, "--locked"),
            variables=places,
            prepare=lambda folder: _prepare_lock(case, setting, folder),
        ),
        Contender(
            name=FULL,
            command=lambda _folder: (*cold, "--view", "full"),
            # A cross compiler with a libc of its own is refused a full view: here none is found.
            variables=lambda folder: {**places(folder), "PATH": str(folder)},
        ),
    )


def warm(case: Case, setting: Setting) -> Contender:
    """Return xprov where all is there already."""
    command = xprov_setup(case, setting)
    return Contender(name=WARM, command=lambda _folder: command, variables=places, kept=True)


def bare_typer() -> Contender:
    """Return the least that a program of this kind takes."""
    return Contender(name=TYPER, command=lambda _folder: (sys.executable, "-c", "import typer"), kept=True)


def small_commands(setting: Setting) -> tuple[Contender, ...]:
    """Return the commands that have to feel instant, where something is set up."""
    program = _program()
    return (
        Contender(name=ENV, command=lambda _folder: (*program, "env", setting.target), variables=places, kept=True),
        Contender(name=HELP, command=lambda _folder: (*program, "--help"), variables=places, kept=True),
    )


def xprov_setup(case: Case, setting: Setting) -> tuple[str, ...]:
    """Return the command that provisions `case`, whatever is there."""
    words = ("setup", setting.target, *case.libraries, "--recipes", str(RECIPES))
    return (*_program(), *words, "--suite", f"debian:{setting.suite}", "--mirror", setting.mirror.archive)


def xprov_lock(case: Case, setting: Setting) -> tuple[str, ...]:
    """Return the command that writes the lock file of `case`."""
    words = ("lock", setting.target, "--recipes", str(RECIPES), "--suite", f"debian:{setting.suite}")
    lock = str(lock_of(case, setting))
    return (*_program(), *words, "--mirror", setting.mirror.archive, "--lock-file", lock, "--", *case.libraries)


def lock_of(case: Case, setting: Setting) -> Path:
    """Return where the lock file of `case` is."""
    return setting.folder / f"{case.name}.lock"


def places(folder: Path) -> dict[str, str]:
    """Return the variables by which xprov keeps all it has in `folder`."""
    return {"XPROV_HOME": str(folder / "home"), "XPROV_CACHE_DIR": str(folder / "cache")}


def _program() -> tuple[str, ...]:
    installed = Path(sys.executable).with_name("xprov")
    return (str(installed),) if installed.is_file() else (sys.executable, "-m", "xprov")


def _prepare_lock(case: Case, setting: Setting, folder: Path) -> None:
    shutil.copyfile(lock_of(case, setting), folder / LOCK)


def _mmdebstrap(case: Case, setting: Setting, folder: Path) -> tuple[str, ...]:
    lines = setting.mirror.lines(setting.suite, updates=True)
    options = ("--variant=extract", f"--architectures={setting.target}", f"--include={','.join(case.packages)}")
    return ("mmdebstrap", "--quiet", *options, setting.suite, str(folder / "root"), *lines)


def _prepare_apt(case: Case, setting: Setting, folder: Path) -> None:
    for name in ("state/lists/partial", "archives/partial", "root"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text("\n".join(setting.mirror.lines(setting.suite, updates=True)) + "\n")
    settings = {
        "APT::Architecture": setting.target,
        "APT::Architectures": setting.target,
        "Dir::State": f"{folder}/state",
        "Dir::State::status": f"{folder}/status",
        "Dir::Cache": str(folder),
        "Dir::Cache::archives": f"{folder}/archives",
        "Dir::Etc::sourcelist": f"{folder}/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Acquire::Languages": "none",
        # The user that apt fetches as has no way into this folder.
        "APT::Sandbox::User": "",
    }
    (folder / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
    install = f"apt-get -qq install --download-only --yes --no-install-recommends {' '.join(case.packages)}"
    unpack = f'for deb in {folder}/archives/*.deb; do dpkg-deb --extract "$deb" {folder}/root; done'
    (folder / "run.sh").write_text(f"apt-get -qq update\n{install}\n{unpack}\n")
