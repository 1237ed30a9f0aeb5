"""Functions compiled by numba: the interpreter's lock is released, and the machine code is kept between runs."""

import os
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
        folder.mkdir(exist_ok=True)
    except OSError:
        return False
    if not os.access(folder, os.W_OK):
        return False
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    settings: Any = numba.config
    settings.CACHE_DIR = str(folder)
    return True


_CACHED = _place_for_code()


def compiled(function: Function) -> Function:
    """Compile a function of numbers and arrays on its first call; it runs without the interpreter's lock.

    Sums may be reordered (`fastmath`), but NaN and infinity keep their meaning.
    """
    flags = {"contract", "reassoc", "arcp", "nsz"}
    made: Any = numba.njit(cache=_CACHED, nogil=True, fastmath=flags, error_model="numpy")(function)
    return made
