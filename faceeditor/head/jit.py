"""Functions compiled by numba: the interpreter's lock is released, and the machine code is kept between runs."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def _place_for_code() -> bool:
    """Choose where numba keeps machine code; False if nothing can be written anywhere.

    In a checkout it lies beside the sources (`__pycache__`). An installed package may be read-only: then it goes to
    the program's cache folder. numba reads the setting when a function is declared, so that it may be loaded already.
    """
    if os.environ.get("NUMBA_CACHE_DIR"):
        return True
    package = Path(__file__).resolve().parent
    beside = package / "__pycache__"
    if os.access(beside if beside.is_dir() else package, os.W_OK):
        return True
    # Imported here: only an installed program asks for the folder, which is created by that.
    from faceeditor.paths import cache_dir

    try:
        folder = cache_dir() / "numba"
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return False
    if not is_private(folder):
        return False
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    settings: Any = numba.config
    settings.CACHE_DIR = str(folder)
    return True


def is_private(folder: Path) -> bool:
    """Whether a folder is this user's and nobody else may write to it; its rights are narrowed if they are wider.

    numba unpickles what lies there, so that a file of somebody else would be executed.
    """
    try:
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode):
            return False
        if hasattr(os, "getuid"):
            if facts.st_uid != os.getuid():
                return False
            if facts.st_mode & 0o077:
                folder.chmod(0o700)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


_CACHED = _place_for_code()


def compiled(function: Function) -> Function:
    """Compile a function of numbers and arrays on its first call; it runs without the interpreter's lock.

    Sums may be reordered (`fastmath`), but NaN and infinity keep their meaning.
    """
    flags = {"contract", "reassoc", "arcp", "nsz"}
    made: Any = numba.njit(cache=_CACHED, nogil=True, fastmath=flags, error_model="numpy")(function)
    return made


def compiled_exactly(function: Function) -> Function:
    """As `compiled`, but every operation is rounded as it is written: two loops that call it decide alike."""
    made: Any = numba.njit(cache=_CACHED, nogil=True, error_model="numpy")(function)
    return made
