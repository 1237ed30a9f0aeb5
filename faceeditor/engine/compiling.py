"""Machine code of the head and of photographs, compiled by numba in another process at the first start.

Compiling takes many seconds in which the interpreter's lock is rarely free: in the window's own process the pen would
stutter. Numba keeps the code on disk, so that this process then only loads it.
"""

import contextlib
import hashlib
import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from faceeditor.errors import FaceEditorError
from faceeditor.generators.devices import cpu_name, installed_version
from faceeditor.images import write_atomic
from faceeditor.paths import cache_dir

_log = logging.getLogger(__name__)

COMMAND = (
    "from faceeditor.engine.head_stage import HeadStage; HeadStage().warm_up();"
    "from faceeditor.photo.preview import warm_up; warm_up();"
    "import numpy; from faceeditor.photo import composite; composite.warm_up(numpy.uint16)"
)
"""What the other process runs."""
_NOTE = "head-code.txt"
_NICE = 10


def compile_head(check: Callable[[], None]) -> None:
    """See that the head's machine code lies on the disk; returns at once where it is known to.

    Args:
        check: called ten times a second while the other process works; its exception stops that process.
    """
    key = _key()
    note = cache_dir() / _NOTE
    if getattr(sys, "frozen", False) or (note.is_file() and note.read_text(errors="replace") == key):
        return
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )  # fmt: skip
    try:
        if platform.system() != "Windows":
            with contextlib.suppress(psutil.Error):  # it may have ended already
                psutil.Process(process.pid).nice(_NICE)
        while process.poll() is None:
            check()
            time.sleep(0.1)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        _log.info("the head's machine code could not be compiled ahead (exit code %d)", process.returncode)
        return
    try:
        write_atomic(note, key.encode())
    except FaceEditorError as error:
        _log.info("what was compiled could not be noted: %s", error)


def _key() -> str:
    """Hash of everything that numba's code depends on: versions, processor and the sources."""
    package = Path(__file__).resolve().parent.parent
    files = [file for folder in ("head", "photo") for file in sorted((package / folder).glob("*.py"))]
    facts = [installed_version("numba"), platform.python_version(), cpu_name()]
    facts += [f"{file.name} {file.stat().st_mtime_ns} {file.stat().st_size}" for file in files]
    return hashlib.sha256("|".join(facts).encode()).hexdigest()[:24]
