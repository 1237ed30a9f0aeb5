"""Autosave: a snapshot every so often, on a thread of its own, and what a killed run left behind.

Each run owns its files in the autosave folder: ``RUN.lock`` (JSON: what identifies the process, the portrait's own
path), once something was painted ``RUN.fep``, and for a portrait with a photograph ``RUN.DIGEST.photo``, the
photograph's bytes, written once. A clean exit removes them. Files whose process is gone can be
recovered.
"""

import contextlib
import glob
import json
import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError, PortraitError
from faceeditor.fileio import read_regular
from faceeditor.images import write_atomic
from faceeditor.jsonio import MAX_BYTES, JsonError, read_json_object
from faceeditor.paths import state_folder
from faceeditor.portrait import store
from faceeditor.portrait.document import Portrait, Snapshot
from faceeditor.portrait.run_lock import RunLock, identity, is_alive

INTERVAL = 3.0
"""Seconds between two snapshots, by default."""
REPORT_INTERVAL = 300.0
"""Seconds between two reports of snapshots that cannot be written."""


@dataclass(frozen=True)
class Recoverable:
    """A portrait that a run left behind when it was killed.

    Attributes:
        file: the snapshot.
        original: where the portrait was kept, or None if it never was saved.
        saved_at: when the snapshot was taken, seconds since the epoch.
        photo: name of the photograph that it edits, or empty.
    """

    file: Path
    original: Path | None
    saved_at: float
    photo: str = ""

    @property
    def name(self) -> str:
        """What to call it: the portrait's file name, or its photograph's, or "Untitled"."""
        return self.original.name if self.original is not None else self.photo or "Untitled"


def autosave_dir() -> Path:
    """The folder of the snapshots (created)."""
    return state_folder("autosave")


class Autosave:
    """Takes snapshots of one portrait.

    ``snapshot`` may be called after every change: the newest state waits in a slot, and the thread writes it at most
    once in ``interval`` seconds.

    Args:
        interval: seconds between two writes.
        folder: where to write; the program's own by default.
        on_error: told on the autosave thread if a snapshot cannot be written: at the first failure in a row, and then
            every five minutes.
    """

    def __init__(
        self,
        interval: float = INTERVAL,
        folder: Path | None = None,
        on_error: Callable[[FaceEditorError], None] | None = None,
    ) -> None:
        self._folder = folder if folder is not None else autosave_dir()
        self._interval = interval
        self._on_error = on_error
        run = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._file, self._lock_file = self._folder / f"{run}.fep", self._folder / f"{run}.lock"
        self._alive = RunLock(self._folder / f"{run}.alive")
        self._wake = threading.Condition()
        self._pending: tuple[Snapshot, npt.NDArray[np.uint8] | None] | None = None
        self._hurry = False
        self._closed = False
        self._writing = False
        self._last_write = -float("inf")
        self._reported_at: float | None = None  # when the present row of failures was reported last
        self._failed = False
        self._thread: threading.Thread | None = None

    @property
    def file(self) -> Path:
        """Where this run's snapshot lies once it is written."""
        return self._file

    def snapshot(self, portrait: Portrait, preview: npt.NDArray[np.uint8] | None = None) -> None:
        """Keep the portrait's present state; nothing is copied, returns at once.

        Args:
            portrait: the document; it is read now, on the caller's thread.
            preview: (H, W, 3) uint8 sRGB that nobody writes to any more, or None.
        """
        state = portrait.snapshot()
        with self._wake:
            if self._closed:
                return
            self._pending = (state, preview)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="autosave", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def flush(self, timeout: float = 5.0) -> bool:
        """Write what waits without waiting for the interval.

        Returns:
            Whether the newest state lies on the disk: False if it could not be written, or took longer than ``timeout``
            seconds.
        """
        with self._wake:
            self._hurry = True
            self._wake.notify_all()
            done = self._wake.wait_for(lambda: self._pending is None and not self._writing, timeout)
            return done and not self._failed

    def take_over(self, entry: "Recoverable", portrait: Portrait) -> bool:
        """Keep a restored portrait as this run's own snapshot, and discard the old one once the new one was read back.

        Args:
            entry: where the portrait was restored from.
            portrait: what was restored.

        Returns:
            Whether that worked; if not, the old snapshot stays.
        """
        self.snapshot(portrait)
        if not self.flush():
            return False
        try:
            store.load(self._file)
        except PortraitError:
            return False
        discard(entry)
        return True

    def clear(self) -> None:
        """Forget the snapshot: the portrait was saved, or given up."""
        with self._wake:
            self._pending = None
            self._wake.wait_for(lambda: not self._writing, 5.0)
            self._remove()

    def close(self) -> None:
        """End cleanly: stop the thread and remove this run's files."""
        with self._wake:
            self._closed = True
            self._pending = None
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(5.0)
        self._remove()

    def _remove(self) -> None:
        _remove_run(self._file)
        self._alive.release()  # whose file is gone, so that the next write makes it anew

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or self._pending is not None)
                due = self._last_write + self._interval
                while not (self._closed or self._hurry) and self._pending is not None and time.monotonic() < due:
                    self._wake.wait(max(0.0, due - time.monotonic()))
                if self._closed:
                    return
                self._hurry = False
                job, self._pending = self._pending, None
                self._writing = job is not None
            if job is None:
                continue
            try:
                self._write(*job)
            finally:
                with self._wake:
                    self._writing = False
                    self._last_write = time.monotonic()
                    self._wake.notify_all()

    def _write(self, state: Snapshot, preview: npt.NDArray[np.uint8] | None) -> None:
        original = None if state.path is None else str(state.path.absolute())
        photo = {} if state.state.photo is None else {"photo": state.state.photo.name}
        lock = {**identity(), "portrait": original, **photo}
        try:
            self._alive.hold()
            write_atomic(self._lock_file, json.dumps(lock).encode("utf-8"))
            store.write_snapshot(state, self._file, preview, photo_beside=True)
        except FaceEditorError as error:
            self._failed = True
            now = time.monotonic()
            if self._reported_at is None or now - self._reported_at >= REPORT_INTERVAL:
                self._reported_at = now
                if self._on_error is not None:
                    self._on_error(error)
        else:
            self._failed, self._reported_at = False, None


def recoverable(folder: Path | None = None) -> list[Recoverable]:
    """What runs left that are no longer running, newest first; clears away their stray files.

    A snapshot that is older than the saved file, whose portrait was saved after all, is not offered.
    """
    folder = folder if folder is not None else autosave_dir()
    found: list[Recoverable] = []
    for lock_file in folder.glob("*.lock"):
        if not lock_file.with_suffix(".fep").exists() and not _alive(lock_file):
            _remove_run(lock_file.with_suffix(".fep"))
    for file in folder.glob("*.alive"):
        if not file.with_suffix(".fep").exists() and not _alive(file.with_suffix(".lock")):
            _unlink(file)
    for part in folder.glob(".*.part"):
        run = part.name[1:].split(".", 1)[0]
        if not _alive(folder / f"{run}.lock"):
            _unlink(part)
    for file in folder.glob("*.photo"):
        run = file.name.split(".", 1)[0]
        if not (folder / f"{run}.fep").exists() and not _alive(folder / f"{run}.lock"):
            _unlink(file)
    for file in folder.glob("*.fep"):
        if _alive(file.with_suffix(".lock")):
            continue
        lock = _read_lock(file.with_suffix(".lock"))
        original, photo = lock.get("portrait"), lock.get("photo")
        with contextlib.suppress(OSError):
            saved_at = file.stat().st_mtime
            if isinstance(original, str) and _saved_later(Path(original), saved_at):
                continue
            path = Path(original) if isinstance(original, str) else None
            found.append(Recoverable(file, path, saved_at, photo if isinstance(photo, str) else ""))
    return sorted(found, key=lambda entry: entry.saved_at, reverse=True)


def restore(entry: Recoverable) -> Portrait:
    """The portrait of a snapshot, marked unsaved, with its own path; the snapshot stays until it is discarded.

    Raises:
        PortraitError: the snapshot cannot be read.
    """
    try:
        portrait = store.load(entry.file)
    except PortraitError as error:
        raise PortraitError(f"The snapshot of “{entry.name}” cannot be recovered; discard it. {error}") from error
    recovered = Portrait.of(replace(portrait.snapshot(), path=entry.original), portrait.note)
    recovered.mark_unsaved()
    return recovered


def discard(entry: Recoverable) -> None:
    """Remove a snapshot, its lock and its photograph."""
    _remove_run(entry.file)


def _remove_run(file: Path) -> None:
    """Remove all files of the run whose snapshot is ``file``."""
    photos = list(file.parent.glob(f"{glob.escape(file.stem)}.*.photo"))
    for each in (file, file.with_suffix(".lock"), file.with_suffix(".alive"), *photos):
        _unlink(each)


def _read_lock(file: Path) -> dict[str, Any]:
    """A lock's content; empty if it is missing or damaged, which counts as a run that is gone."""
    try:
        return read_json_object(read_regular(file, MAX_BYTES))
    except (OSError, JsonError):
        return {}


def _alive(lock_file: Path) -> bool:
    """Whether the run of a lock file is still there."""
    return is_alive(lock_file.with_suffix(".alive"), _read_lock(lock_file))


def _saved_later(original: Path, snapshot_time: float) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return original.stat().st_mtime > snapshot_time
    return False


def _unlink(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)
