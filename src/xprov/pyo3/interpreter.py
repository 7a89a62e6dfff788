"""An interpreter, asked by running it: what PyO3 and maturin want to know, and which path of it stays."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.errors import ToolMissingError, UsageError
from xprov.process import find, run
from xprov.pyo3.config import FLAGS, FREE_THREADED, InterpreterConfig, sort_flags
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprov.process import Completed

OLDEST = (3, 7)
"""The oldest Python that PyO3 (0.16 to 0.29) and maturin 1.16 take."""

# Run by the interpreter, of whichever version. The path of a virtual environment's Python is not what is recorded: it
# ends in the file and so in cargo's fingerprints, while throw-away environments have a new one for each build. `base`
# is the interpreter that the environment was made from, with links resolved, so that `python`, `python3` and
# `python3.12` are one; a free-threaded build has two names by a hard link, `python3.13t` and `python3.13`, of which the
# first is taken. `sys._base_executable` names it from Python 3.11 on (before, on POSIX, it is the environment's),
# the target of the environment's link does where it is a link, else the usual names below `sys.base_prefix` do.
_QUESTIONS = """
import json, os, platform, struct, sys, sysconfig

var = sysconfig.get_config_var
version, flags = "%d.%d" % sys.version_info[:2], getattr(sys, "abiflags", "")
prefix, own = os.path.realpath(sys.prefix), os.path.basename(sys.executable)
bin = os.path.join(sys.base_prefix, "bin")
names = ["python" + version + flags, "python" + version, "pypy" + version, "graalpy" + version, own]
candidates = [getattr(sys, "_base_executable", None), sys.executable] + [os.path.join(bin, name) for name in names]
base = os.path.realpath(sys.executable)
if sys.prefix != sys.base_prefix:
    for candidate in candidates:
        real = os.path.realpath(candidate) if candidate else ""
        if os.access(real, os.X_OK) and not real.startswith(prefix + os.sep):
            base = real
            break
for name in names:
    usual = os.path.join(os.path.dirname(base), name)
    if os.path.exists(usual) and os.path.samefile(usual, base):
        base = os.path.realpath(usual)
        break
print(json.dumps({
    "implementation": platform.python_implementation(),
    "version": list(sys.version_info[:2]),
    "release": platform.python_version(),
    "executable": sys.executable,
    "base": base,
    "traced": sys.prefix == sys.base_prefix or not base.startswith(prefix + os.sep),
    "ext_suffix": var("EXT_SUFFIX") or "",
    "abiflags": flags,
    "multiarch": var("MULTIARCH") or getattr(sys.implementation, "_multiarch", ""),
    "shared": bool(var("Py_ENABLE_SHARED")),
    "framework": bool(var("PYTHONFRAMEWORK")),
    "framework_prefix": var("PYTHONFRAMEWORKPREFIX") or None,
    "conda": os.path.exists(os.path.join(sys.base_prefix, "conda-meta")),
    "lib_version": var("LDVERSION"),
    "lib_dir": var("LIBDIR"),
    "pointer_width": struct.calcsize("P") * 8,
    "build_flags": [flag for flag in FLAGS if str(var(flag)) == "1"],
}))
""".replace("FLAGS", repr(list(FLAGS)))


# How much of what another program says about these questions is shown, in characters: it may repeat them.
_SHOWN = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """What an interpreter said of itself.

    `executable` is what was run, `base` the interpreter that it belongs to, whose path is the same in every virtual
    environment made from it, `traced` whether that was found. `lib_version` is how the name of libpython ends.
    """

    implementation: str
    version: tuple[int, int]
    release: str
    executable: str
    base: str
    traced: bool
    ext_suffix: str
    abiflags: str
    multiarch: str
    shared: bool
    framework: bool
    framework_prefix: str | None
    conda: bool
    lib_version: str | None
    lib_dir: str | None
    pointer_width: int
    build_flags: tuple[str, ...]

    @property
    def label(self) -> str:
        """Implementation and release, for a person: `CPython 3.13.0t`."""
        return f"{self.implementation} {self.release}{self.abiflags}"


def find_python(word: str | None, environ: Mapping[str, str]) -> Path:
    """Return the Python that `word` names: a path, a folder with `bin/python`, a program in PATH, or a version.

    Without a word it is the one that PyO3 would take (pyo3-build-config, `find_interpreter`): PYO3_PYTHON, that of the
    active environment, `python`, `python3`. Raises `ToolMissingError` when there is none.
    """
    if word is None:
        word = environ.get("PYO3_PYTHON") or _active(environ)
    path = environ.get("PATH")
    if word is None:
        found = next((python for name in ("python", "python3") if (python := find(name, path=path))), None)
        if found is None:
            raise ToolMissingError("there is no `python` and no `python3` in PATH", hint="name one by `--python PATH`")
        return found
    if "/" in word:
        named = Path(word).expanduser().absolute()
        return named / "bin/python" if named.is_dir() else named
    name = f"python{word}" if word[:1].isdigit() else word
    if (found := find(name, path=path)) is None:
        raise ToolMissingError(f"there is no `{name}` in PATH", hint="name the interpreter by its path")
    return found


def ask(python: Path) -> Interpreter:
    """Return what `python` says of itself, and of the interpreter it was made from if it is an environment's.

    Raises `UsageError` when it is no Python, or one that PyO3 does not take, `ToolMissingError` when it is not there.
    """
    own = _ask(python)
    if own.base == own.executable:
        return own
    base = _ask(Path(own.base))
    # The base is recorded only if it is the same Python in all that counts: a home that was exchanged is not.
    if replace(base, executable="", base="", traced=True) == replace(own, executable="", base="", traced=True):
        return replace(own, base=base.base)
    return replace(own, base=own.executable, traced=False)


def config_of(interpreter: Interpreter) -> InterpreterConfig:
    """Return the configuration that PyO3 would find out (pyo3-build-config, `InterpreterConfig::from_interpreter`)."""
    flags = interpreter.build_flags
    if "Py_DEBUG" in flags:
        # Implied since Python 3.8 (`BuildFlags::fixup`).
        flags = (*flags, "Py_REF_DEBUG")
    cpython = interpreter.implementation == "CPython"
    return InterpreterConfig(
        implementation=interpreter.implementation,
        version=interpreter.version,
        # Anaconda's interpreter is static, and PyO3 links the shared library that lies beside it.
        shared=interpreter.shared or interpreter.framework or interpreter.conda or not cpython,
        lib_name=_lib_name(interpreter),
        lib_dir=interpreter.lib_dir,
        executable=interpreter.base,
        pointer_width=interpreter.pointer_width,
        build_flags=sort_flags(flags),
        python_framework_prefix=interpreter.framework_prefix,
        ext_suffix=interpreter.ext_suffix,
        # maturin refuses any for the others.
        abiflags=interpreter.abiflags if cpython else "",
    )


def _active(environ: Mapping[str, str]) -> str | None:
    """Return the Python of the active environment; none where there are two, as PyO3 has it."""
    folders = [folder for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if (folder := environ.get(name))]
    return f"{folders[0]}/bin/python" if len(folders) == 1 else None


def _ask(python: Path) -> Interpreter:
    # Isolated: neither PYTHON* variables nor a `platform.py` in the working folder answer in its place.
    done = _run(python, "-I", "-c", _QUESTIONS)
    answer = done.stdout.strip().rpartition("\n")[2]
    if not done.ok or not answer.startswith("{"):
        raise _no_python(python, done)
    said = json.loads(answer)
    said |= {"version": tuple(said["version"]), "build_flags": tuple(said["build_flags"])}
    interpreter = Interpreter(**{field.name: said[field.name] for field in fields(Interpreter)})
    if interpreter.version < OLDEST:
        raise _too_old(python, interpreter.version)
    return interpreter


def _run(python: Path, *words: str) -> Completed:
    try:
        return run([python, *words], check=False)
    except ToolMissingError as error:
        raise ToolMissingError(
            f"the interpreter `{python}` is not there, or cannot be executed", hint="`--python` names one"
        ) from error
    except OSError as error:
        raise UsageError(f"`{python}` is no Python: {error.strerror}", hint="`--python` names one") from error


def _no_python(python: Path, done: Completed) -> UsageError:
    """Return what is wrong: Python 2 does not know the options that it was asked with, other programs say anything."""
    simple = _run(python, "-c", "import sys; print('Python %d.%d' % sys.version_info[:2])")
    name, _, version = simple.stdout.strip().partition(" ")
    numbers = version.split(".")
    if simple.ok and name == "Python" and all(number.isdigit() for number in numbers):
        return _too_old(python, (int(numbers[0]), int(numbers[-1])))
    said = (done.stderr or done.stdout).strip().splitlines()
    return UsageError(
        f"`{python}` does not answer as a Python" + (f": {said[0][:_SHOWN]}" if said else ""),
        hint="`--python` takes the path of an interpreter, the folder of an environment, or a version",
    )


def _too_old(python: Path, version: tuple[int, int]) -> UsageError:
    return UsageError(
        "`{}` is Python {}.{}, and PyO3 needs {}.{} or newer".format(python, *version, *OLDEST),
        hint="name another one by `--python`",
    )


def _lib_name(interpreter: Interpreter) -> str:
    """Return what to link by `-l` (pyo3-build-config, `default_lib_name_unix`)."""
    version = "{}.{}".format(*interpreter.version)
    match interpreter.implementation:
        case "PyPy":
            return f"pypy{interpreter.lib_version or version}-c"
        case "GraalVM":
            return "python-native"
        case _:
            free = "t" if FREE_THREADED in interpreter.build_flags else ""
            return f"python{interpreter.lib_version or version + free}"
