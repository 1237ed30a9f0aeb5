"""Regular files read with a limit; small files of the program's own set aside where they are damaged."""

import contextlib
import errno
import logging
import os
import stat
from pathlib import Path
from typing import BinaryIO

_log = logging.getLogger(__name__)

_MAX_REPORTS = 20
_reports: list[str] = []


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; pipes, devices and sockets are refused, so that nothing waits for ever.

    Raises:
        OSError: it cannot be read, or is no regular file (EINVAL, with a phrase as its text).
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # a NUL character in the name
        raise OSError(errno.EINVAL, "its name holds a NUL character") from error
    stream = os.fdopen(handle, "rb")
    kind = os.fstat(handle).st_mode
    if stat.S_ISREG(kind):
        return stream
    stream.close()
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    raise OSError(errno.EINVAL, "it is a pipe or device and not a file")


def read_regular(path: Path, limit: int | None = None) -> bytes:
    """The content of a regular file, opened as by `open_regular`.

    Args:
        path: the file; links are followed.
        limit: at most so many bytes and one more are read, so that the caller can tell a file that is too large.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    with open_regular(path) as stream:
        # A buffer of the asked size is made at once, so that only what is there is asked for.
        size = os.fstat(stream.fileno()).st_size
        return stream.read() if limit is None else stream.read(min(limit, size) + 1)


def set_aside(file: Path, why: str) -> str:
    """Rename a damaged file to NAME.damaged (an older one of that name is replaced) and keep a sentence about it.

    Args:
        file: the file; if it cannot be renamed it stays.
        why: a phrase, as of `jsonio.JsonError`.

    Returns:
        The sentence.
    """
    aside = file.with_name(f"{file.name}.damaged")
    moved = False
    with contextlib.suppress(OSError):
        file.replace(aside)
        moved = True
    kept = f"; it was renamed to “{aside.name}” and defaults are used" if moved else "; defaults are used"
    sentence = f"“{file}” could not be read ({why.rstrip('.')}){kept}."
    report(sentence)
    return sentence


def report(sentence: str) -> None:
    """Keep a sentence for the user until the window can show it."""
    _log.warning("%s", sentence)
    if sentence not in _reports and len(_reports) < _MAX_REPORTS:
        _reports.append(sentence)


def take_reports() -> list[str]:
    """The sentences that were not shown yet; they count as shown."""
    taken = list(_reports)
    _reports.clear()
    return taken
