"""A guard against bindings that count references to None, True and False wrongly.

PySide6 6.12.0 takes these three for immortal, as they are from Python 3.12 on (PEP 683), and gives back one reference
more than it takes with every call that returns nothing. On Python 3.11 the interpreter ends with "deallocating None"
after a few ten thousand calls, which are a minute of painting.
"""

import ctypes
import sys

_ENOUGH = 1 << 40


def keep_singletons() -> None:
    """Give None, True and False as many references as nobody can use up; does nothing where they are immortal."""
    if sys.implementation.name != "cpython" or sys.version_info >= (3, 12):
        return
    for value in (None, True, False):
        if sys.getrefcount(value) < _ENOUGH // 2:
            # An object begins with its reference count, except in debug builds, which count in other ways as well.
            count = ctypes.c_ssize_t.from_address(id(value))
            if abs(count.value - sys.getrefcount(value)) <= 4:
                count.value += _ENOUGH
