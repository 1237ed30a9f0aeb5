"""Whether the run of the program that owns a snapshot is still there, told by a lock and not by clocks.

A run holds an operating-system lock on ``RUN.alive`` for as long as its process lives, however it ends. Where the file
system has no locks, the process is looked for by its number, its start in clock ticks since the boot, and the boot.
"""

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import psutil


class RunLock:
    """Holds the lock of this run from `hold` to `release`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._handle: int | None = None

    def hold(self) -> None:
        """Take the lock; silently does without where the file system has none."""
        if self._handle is not None:
            return
        with contextlib.suppress(OSError):
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            try:
                if _try_lock(handle):
                    self._handle = handle
            finally:
                if self._handle is None:
                    os.close(handle)

    def release(self) -> None:
        """Give the lock up and remove its file."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.close(self._handle)
            self._handle = None
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)


def identity() -> dict[str, Any]:
    """What identifies this process on this machine until the next boot."""
    return {"pid": os.getpid(), "boot": boot_id(), "ticks": start_ticks(os.getpid())}


def is_alive(file: Path, facts: dict[str, Any]) -> bool:
    """Whether the run still is there.

    Args:
        file: its ``RUN.alive``.
        facts: its `identity`, as far as it could be read.
    """
    held = _is_held(file)
    if held is not None:
        return held
    pid, boot, ticks = facts.get("pid"), facts.get("boot"), facts.get("ticks")
    if not isinstance(pid, int) or isinstance(pid, bool) or not 0 < pid < 1 << 31:
        return False
    if boot != boot_id() or ticks is None or start_ticks(pid) != ticks:
        return False
    with contextlib.suppress(psutil.Error, OSError):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def boot_id() -> str:
    """A text that changes with every boot, "" where the system has none."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def start_ticks(pid: int) -> int | None:
    """When a process started: clock ticks since the boot, or hundredths of a second since the epoch without /proc."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        if sys.platform.startswith("linux"):
            # The name of the process, in brackets, may hold anything.
            return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        return round(psutil.Process(pid).create_time() * 100)
    return None


def _is_held(file: Path) -> bool | None:
    """Whether another handle holds the lock of a file; None if there is no such file or no locks."""
    try:
        handle = os.open(file, os.O_RDWR | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None
    try:
        return not _try_lock(handle)
    except OSError:
        return None
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    """Lock an open file; False if somebody else has.

    Raises:
        OSError: the file system has no locks.
    """
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
