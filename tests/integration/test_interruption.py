"""An interruption reaches the program once, and leaves no lock behind, wherever the main thread is."""

import subprocess
import sys

import pytest

# Each has a signal come in a place where Python's own handler does harm, in a process of its own.
_BEGIN = """
import _imp, importlib, os, signal, sys, threading, time, weakref
from xprov import interruption

{install}
told = ""
try:
"""
_END = """
    time.sleep(1)
except KeyboardInterrupt:
    told = "interrupted"
thread = threading.Thread(target=importlib.import_module, args=("wave",), daemon=True)
thread.start()
thread.join(2)
print(told, "stuck" if thread.is_alive() else "free", flush=True)
os._exit(0)
"""
# The shape of the callback in `importlib._bootstrap._get_module_lock`, under its file's name.
_IN_IMPORT = """
    source = (
        "_imp.acquire_lock()\\n"
        "os.kill(os.getpid(), signal.SIGINT)\\n"
        "try:\\n"
        "    pass\\n"
        "finally:\\n"
        "    _imp.release_lock()\\n"
    )
    exec(compile(source, "<frozen importlib._bootstrap>", "exec"))
"""
_IN_CALLBACK = """
    class Thing:
        pass

    def callback(_reference):
        os.kill(os.getpid(), signal.SIGTERM)
        # Python looks for signals when a function begins.
        (lambda: None)()

    thing = Thing()
    reference = weakref.ref(thing, callback)
    del thing
"""
_IN_CLASS = """
    class Thing:
        def __set_name__(self, owner, name):
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1):
                pass

    class Owner:
        thing = Thing()
"""


def ended(install: str, middle: str) -> str:
    script = _BEGIN.format(install=install) + middle + _END
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20)
    return ran.stdout.strip()


@pytest.mark.parametrize("middle", [_IN_IMPORT, _IN_CALLBACK, _IN_CLASS], ids=["import", "callback", "class"])
def test_a_signal_is_neither_lost_nor_does_it_leave_a_lock_behind(middle: str) -> None:
    assert ended("interruption.install()", middle) == "interrupted free"


def test_what_a_background_job_ignores_stays_ignored() -> None:
    ignored = "signal.signal(signal.SIGINT, signal.SIG_IGN); interruption.install()"

    assert ended(ignored, "    os.kill(os.getpid(), signal.SIGINT)\n") == "free"
