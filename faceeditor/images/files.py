"""Files: a named file's bytes with a sentence for every failure, and files written whole or not at all."""

import contextlib
import errno
import glob
import hashlib
import os
import platform
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

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
    if error.errno == errno.ENAMETOOLONG:
        return FaceEditorError(f"The name “{path.name[:40]}...” is too long for a file; choose a shorter one.")
    if error.errno == errno.EISDIR:
        return FaceEditorError(f"“{path}” is a folder; choose another name for the file.")
    return FaceEditorError(
        f"“{path.name}” was not written ({error.strerror or error}); choose another folder and try again."
    )


def target_of(path: str | Path) -> Path:
    """The file that writing to a path replaces: links are followed, so that a link stays a link.

    Raises:
        FaceEditorError: the links lead in a circle, or the name cannot be one of a file.
    """
    path = Path(path)
    try:
        target = path.resolve()
    except (RuntimeError, OSError):
        raise FaceEditorError(f"“{path.name}” is a link that leads in a circle; choose another name.") from None
    except ValueError:
        shown = path.name.replace("\0", "")
        raise FaceEditorError(f"The name “{shown}” holds a NUL character; choose another name.") from None
    if len(os.fsencode(target.name)) > _MAX_NAME:
        raise FaceEditorError(f"The name “{target.name[:40]}...” is too long for a file; choose a shorter one.")
    return target


_MAX_NAME = 255
"""Bytes in the name of a file, on all common file systems."""


def write_atomic(path: str | Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Write a file whole or not at all: into a neighbour, flushed to the disk, then moved into place.

    Neighbours that a killed program left for the same file are removed.

    Args:
        path: the file to make or replace; its folder must exist.
        content: all of it, or what writes it into a stream that can be sought in.

    Raises:
        FaceEditorError: the folder cannot be written, the file is write-protected or belongs to somebody else, the disk
            is full, ...; a file that was there stays as it was.
    """
    path = target_of(path)
    temporary: Path | None = None
    try:
        present = _replaceable(path)
        mode = 0o666 & ~_umask() if present is None else present.st_mode & 0o777
        remove_stray_parts(path)
        handle, name = tempfile.mkstemp(prefix=f"{_part_prefix(path)}{_run_tag()}.", suffix=".part", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            if callable(content):
                content(stream)
            else:
                stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode)  # mkstemp makes private files
        if present is not None and hasattr(os, "chown") and present.st_uid != os.geteuid():
            os.chown(temporary, present.st_uid, present.st_gid)  # only the superuser comes here
        temporary.replace(path)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise write_error(path, error) from error
        raise


def remove_stray_parts(path: Path) -> None:
    """Remove what was half written for a file by runs of the program on this machine that are no longer there."""
    with contextlib.suppress(OSError):
        for part in path.parent.glob(f"{glob.escape(_part_prefix(path))}*.part"):
            tag = part.name[len(_part_prefix(path)) :].split(".", 1)[0]
            host, _, run = tag.partition("-")
            if host == _host() and run.isdecimal() and not _runs(int(run)):
                part.unlink(missing_ok=True)


def _part_prefix(path: Path) -> str:
    return f".{os.fsencode(path.name)[:80].decode('utf-8', 'ignore')}."


def _run_tag() -> str:
    """Machine and process, so that it can be told whether whoever writes a part is still there."""
    return f"{_host()}-{os.getpid()}"


def _host() -> str:
    return hashlib.sha256(platform.node().encode("utf-8", "replace")).hexdigest()[:8]


def _runs(process: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(process))


def _replaceable(path: Path) -> os.stat_result | None:
    """The facts of a file that may be replaced, None if there is none.

    Raises:
        FaceEditorError: it is write-protected, belongs to another user, or is no regular file.
    """
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if not stat.S_ISREG(facts.st_mode):
        raise FaceEditorError(f"“{path.name}” is a pipe or device and not a file; choose another name.")
    if not facts.st_mode & 0o222:
        raise FaceEditorError(f"“{path.name}” is write-protected; save under another name, or lift the protection.")
    if hasattr(os, "geteuid") and os.geteuid() not in (0, facts.st_uid):
        raise FaceEditorError(f"“{path.name}” belongs to another user; save under another name.")
    return facts


def _umask() -> int:
    """The process's file mode mask, read without changing it where the system shows it."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        status = Path("/proc/self/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("Umask:")).split()[1], 8)
    return 0o022
