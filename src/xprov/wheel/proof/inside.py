"""What the target's Python runs: import what a wheel has, run what the user wants run, and write down what came of it.

It runs in whatever Python a suite has, from 3.6 on, and imports nothing of xprov. `python inside.py JOB RESULT`: JOB is
a file of JSON, RESULT gets a line of JSON when a step begins and when it ends, so that a crash is known by its step.
"""

import importlib
import importlib.machinery
import json
import os
import sys
import traceback
from typing import IO, Any

_printed = set()  # type: set[str]


def main(job_file: str, result_file: str) -> None:
    """Do the steps of the job in turn, whatever becomes of those before."""
    with open(job_file, encoding="utf-8") as stream:  # noqa: PTH123 - as little as can be is imported
        job = json.load(stream)
    sys.path[:0] = job["folders"]
    with open(result_file, "a", encoding="utf-8") as result:  # noqa: PTH123
        for name in job["top"]:
            _attempt(result, "top", name, importlib.import_module, name)
        for name in job["extension"]:
            _attempt(result, "extension", name, importlib.import_module, name)
        if job["run"] is not None:
            code = compile(job["run"], "<--run>", "exec")
            _attempt(result, "run", "--run", exec, code, {"__name__": "__main__"})


def _attempt(result: IO[str], kind: str, name: str, do: Any, *arguments: Any) -> None:  # noqa: ANN401 - any call
    _write(result, {"begin": name, "kind": kind})
    said: Any = {"end": name, "kind": kind, "error": None}
    try:
        do(*arguments)
    except BaseException as error:  # noqa: BLE001 - pyo3's panics are no Exception
        if not isinstance(error, SystemExit) or error.code not in (None, 0):
            said.update(_described(error))
            _print(error)
            if kind == "extension":
                said["loaded"] = _load(name)
    _write(result, said)


def _described(error: Any) -> Any:  # noqa: ANN401 - as _missing
    lines = "".join(traceback.format_exception_only(type(error), error)).strip()
    return {"error": lines or type(error).__name__, "type": type(error).__name__, "missing": _missing(error)}


def _load(name: str) -> Any:  # noqa: ANN401 - as _missing
    """Let the loader have an extension module that could not be imported; return what it said, or True.

    All symbols are looked for, which says most of what can be said without what the module wants to import. None where
    this Python cannot.
    """
    try:
        import ctypes  # noqa: PLC0415 - few need it
    except ImportError:
        return None
    path = os.path.join(sys.path[0], *name.split("."))  # noqa: PTH118 - see main
    for ending in importlib.machinery.EXTENSION_SUFFIXES:
        if os.path.exists(path + ending):  # noqa: PTH110
            try:
                ctypes.CDLL(path + ending, mode=os.RTLD_NOW)
            except OSError as error:
                return str(error)
            return True
    return "no Python finds it by its name"


def _missing(error: Any) -> Any:  # noqa: ANN401 - Python 3.6 has no other way to say "or None" than another import
    """Return the module that was not found, whatever was made of that on the way; None where it was something else."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError):
            return error.name
        error = error.__cause__ or error.__context__
    return None


def _print(error: BaseException) -> None:
    """Print a traceback without the frames of importing itself."""
    text = "".join(traceback.format_exception_only(type(error), error))
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_machinery(frame.filename)]
    # A package that fails once is tried again for each module in it, and says the same.
    if text not in _printed:
        sys.stderr.write("".join(traceback.format_list(frames)) + text)
        sys.stderr.flush()
    _printed.add(text)


def _is_machinery(file: str) -> bool:
    return file == __file__ or "importlib" in file


def _write(result: IO[str], said: Any) -> None:  # noqa: ANN401 - whatever json can write
    result.write(json.dumps(said) + "\n")
    result.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
