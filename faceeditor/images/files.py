"""Files: a named file's bytes with a sentence for every failure, and files written whole or not at all."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from faceeditor.errors import FaceEditorError, ImageError
from faceeditor.fileio import read_regular

MAX_FILE = 2 << 30
"""Largest file that is read as a picture, in bytes."""


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that the user named.

    Raises:
        ImageError: there is no such file, it is a folder, it is empty or it cannot be read.
    """
    name = (path.name or str(path)).replace("\0", "")
    try:
        data = read_regular(path, MAX_FILE)
    except FileNotFoundError:
        raise ImageError(f"“{path}” does not exist; choose another file.") from None
    except IsADirectoryError:
        raise ImageError(f"“{path}” is a folder; choose a picture inside it.") from None
    except PermissionError:
        raise ImageError(f"“{name}” may not be read; change its permissions or choose another file.") from None
    except OSError as error:
        raise ImageError(f"“{name}” cannot be read ({error.strerror or error}); choose another file.") from error
    if len(data) > MAX_FILE:
        raise ImageError(f"“{name}” is larger than {MAX_FILE >> 30} GiB; make the picture smaller first.")
    if not data:
        raise ImageError(f"“{name}” is empty (0 bytes); choose another file or fetch it again.")
    return data


def write_error(path: Path, error: OSError) -> FaceEditorError:
    """The sentence for a file that could not be written because of an OSError."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FaceEditorError(
            f"“{path.name}” was not written because the disk is full; make room on it or choose another folder."
        )
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return FaceEditorError(
            f"“{path.name}” was not written because its folder “{path.parent}” cannot be written; choose another one."
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return FaceEditorError(
            f"“{path.name}” was not written because the folder “{path.parent}” does not exist; choose another folder."
        )
    if error.errno == errno.EISDIR:
        return FaceEditorError(f"“{path}” is a folder; choose another name for the file.")
    return FaceEditorError(
        f"“{path.name}” was not written ({error.strerror or error}); choose another folder and try again."
    )


def write_atomic(path: str | Path, data: bytes) -> None:
    """Write a file whole or not at all: into a neighbour, flushed to the disk, then moved into place.

    Args:
        path: the file to make or replace; its folder must exist.
        data: its whole content.

    Raises:
        FaceEditorError: the folder cannot be written, the disk is full, ...; a file that was there stays as it was.
    """
    path = Path(path).resolve()  # a link stays a link: what it points to is replaced
    temporary: Path | None = None
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode)  # mkstemp makes private files
        temporary.replace(path)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise write_error(path, error) from error
        raise


def _umask() -> int:
    """The process's file mode mask, read without changing it where the system shows it."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        status = Path("/proc/self/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("Umask:")).split()[1], 8)
    return 0o022
