"""Autosave: snapshots, and what a killed run leaves."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from faceeditor.errors import FaceEditorError, PortraitError
from faceeditor.images import write_atomic
from faceeditor.portrait import store
from faceeditor.portrait.autosave import Autosave, autosave_dir, discard, recoverable, restore
from faceeditor.portrait.document import PaintMask, Portrait, ReplaceFaces, SetTruncation
from faceeditor.portrait.run_lock import RunLock, identity, is_alive
from faceeditor.portrait.state import Photo
from faceeditor.regions import Region
from tests.patience import WAIT

KILLED_RUN = """
import os, signal, sys
from pathlib import Path
import numpy as np
from faceeditor.portrait.autosave import Autosave
from faceeditor.portrait.document import PaintMask, Portrait, SetHead
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
portrait = Portrait(np.zeros((256, 256), np.uint8), StyleCode.zeros("Mean"), path=Path("/pictures/anna.fep"))
portrait.apply(PaintMask((0, 0, 4, 4), np.full((4, 4), 17, np.uint8)))
base = HeadCoefficients.neutral()
portrait.apply(SetHead(base.changed(pose=(20, 0, 0)), base))
autosave = Autosave(interval=0.0, folder=Path(sys.argv[1]))
autosave.snapshot(portrait)
assert autosave.flush(60.0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_can_be_recovered(tmp_path: Path) -> None:
    before = time.time()
    run = subprocess.run([sys.executable, "-c", KILLED_RUN, str(tmp_path)], check=False)
    assert run.returncode == -signal.SIGKILL
    (tmp_path / ".999-dead.fep.abc.part").write_bytes(b"half")
    (entry,) = recoverable(tmp_path)
    assert entry.name == "anna.fep"
    assert before - 2 < entry.saved_at < time.time() + 2  # clocks of file systems are coarse
    portrait = restore(entry)
    assert (portrait.mask[:4, :4] == Region.HAIR).all()
    assert portrait.path == Path("/pictures/anna.fep")
    assert portrait.modified
    assert portrait.head is not None and portrait.base_head is not None and portrait.moved
    assert portrait.head.pose[0] == 20 and portrait.base_head.pose[0] == 0
    discard(entry)
    assert recoverable(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_photograph_that_was_never_saved_is_called_by_its_name(portrait: Portrait, tmp_path: Path) -> None:
    portrait.apply(ReplaceFaces(portrait.state().faces, Photo(b"jpeg", "holiday.jpg")))
    autosave = Autosave(interval=0.0, folder=tmp_path)
    autosave.snapshot(portrait)
    assert autosave.flush(WAIT)
    lock = json.loads(autosave.file.with_suffix(".lock").read_text())
    (tmp_path / "9-x.fep").write_bytes(autosave.file.read_bytes())
    (tmp_path / "9-x.lock").write_text(json.dumps({**lock, "pid": -1}))
    (entry,) = recoverable(tmp_path)
    assert entry.name == "holiday.jpg" and entry.original is None
    autosave.close()


def test_a_running_program_is_left_alone(portrait: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    autosave = Autosave(interval=0.0, folder=tmp_path)
    portrait.mark_saved(Path("pictures/anna.fep"))
    autosave.snapshot(portrait)
    assert autosave.flush(WAIT)
    assert autosave.file.exists()
    lock = json.loads(autosave.file.with_suffix(".lock").read_text())
    assert lock == {**identity(), "portrait": str(tmp_path / "pictures" / "anna.fep")}
    assert recoverable(tmp_path) == []
    assert autosave.file.exists()
    autosave.close()


def test_a_clean_exit_leaves_nothing(portrait: Portrait, tmp_path: Path) -> None:
    autosave = Autosave(interval=0.0, folder=tmp_path)
    autosave.snapshot(portrait)
    autosave.flush(WAIT)
    autosave.close()
    autosave.snapshot(portrait)  # after the end: nothing happens
    assert list(tmp_path.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "autosave"]


def test_clear_forgets_what_was_saved_elsewhere(portrait: Portrait, tmp_path: Path) -> None:
    autosave = Autosave(interval=0.0, folder=tmp_path)
    autosave.snapshot(portrait)
    autosave.flush(WAIT)
    autosave.clear()
    assert list(tmp_path.iterdir()) == []
    autosave.snapshot(portrait)
    autosave.flush(WAIT)
    assert autosave.file.exists()
    autosave.close()


def test_snapshots_are_debounced_and_the_newest_is_written(portrait: Portrait, tmp_path: Path) -> None:
    naps: list[float] = []

    class NotingCondition(threading.Condition):
        """Notes how long the thread means to sleep."""

        def wait(self, timeout: float | None = None) -> bool:
            if timeout is not None:
                naps.append(timeout)
            return super().wait(timeout)

    autosave = Autosave(interval=6000.0, folder=tmp_path)
    autosave._wake = NotingCondition()
    autosave.snapshot(portrait)
    assert wait_for(autosave.file.exists)
    written = autosave.file.stat().st_mtime_ns
    for truncation in (0.3, 0.4, 0.5):
        portrait.apply(SetTruncation(truncation))
        autosave.snapshot(portrait)
    assert wait_for(lambda: len(naps) > 0) and 5000 < naps[-1] <= 6000, "it sleeps over what waits"
    assert autosave.file.stat().st_mtime_ns == written
    assert autosave.flush(WAIT)
    copy = tmp_path / "1-copy.fep"
    copy.write_bytes(autosave.file.read_bytes())
    autosave.close()
    (entry,) = recoverable(tmp_path)
    assert restore(entry).truncation == 0.5


def test_clear_forgets_what_still_waits(portrait: Portrait, tmp_path: Path) -> None:
    autosave = Autosave(interval=6000.0, folder=tmp_path)
    autosave.snapshot(portrait)
    assert autosave.flush(WAIT)
    autosave.snapshot(portrait)
    autosave.clear()
    assert autosave.flush(WAIT) and list(tmp_path.iterdir()) == []
    autosave.close()


def test_a_run_holds_its_lock_also_after_its_portrait_was_saved(portrait: Portrait, tmp_path: Path) -> None:
    autosave = Autosave(interval=0.0, folder=tmp_path)
    lock = autosave.file.with_suffix(".alive")
    for _ in range(2):
        autosave.snapshot(portrait)
        assert autosave.flush(WAIT)
        assert lock.exists() and is_alive(lock, {}), "by the lock alone, whatever is known of the process"
        autosave.clear()
        assert not lock.exists()
    autosave.close()


def test_a_snapshot_is_of_the_moment_it_was_taken(portrait: Portrait, tmp_path: Path) -> None:
    autosave = Autosave(interval=60.0, folder=tmp_path)
    autosave.snapshot(portrait)
    portrait.apply(PaintMask((0, 0, 4, 4), np.full((4, 4), Region.HAT, np.uint8)))
    autosave.flush(WAIT)
    copy = tmp_path / "1-copy.fep"
    copy.write_bytes(autosave.file.read_bytes())
    autosave.close()
    (entry,) = recoverable(tmp_path)
    assert restore(entry).mask[0, 0] == Region.BACKGROUND


def test_taking_a_snapshot_waits_for_no_disk(
    portrait: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, written = threading.Event(), threading.Event(), []

    def slow(*_: object, **__: object) -> None:
        begun.set()
        written.append(go_on.wait(WAIT))

    monkeypatch.setattr(store, "write_snapshot", slow)
    autosave = Autosave(interval=0.0, folder=tmp_path)
    autosave.snapshot(portrait)
    assert begun.wait(WAIT)
    for _ in range(20):
        autosave.snapshot(portrait)
    assert not written, "the disk is still busy with the first one"
    go_on.set()
    assert autosave.flush(WAIT)
    autosave.close()
    assert written == [True, True], "the one that was under way, and the newest"


def test_what_is_under_way_is_waited_for(portrait: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    write = store.write_snapshot

    def slow(*args: object, **options: object) -> None:
        begun.set()
        assert go_on.wait(WAIT)
        write(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "write_snapshot", slow)
    autosave = Autosave(interval=0.0, folder=tmp_path)
    autosave.snapshot(portrait)
    assert begun.wait(WAIT) and not autosave.flush(0.0), "it is not on the disk yet"
    clearing = threading.Thread(target=autosave.clear)
    clearing.start()
    go_on.set()
    clearing.join(WAIT)
    assert list(tmp_path.iterdir()) == [], "nothing comes after it was cleared away"
    autosave.close()


def test_a_process_number_that_was_given_away_does_not_count(portrait: Portrait, tmp_path: Path) -> None:
    autosave = Autosave(interval=0.0, folder=tmp_path)
    autosave.snapshot(portrait)
    autosave.flush(WAIT)
    data = autosave.file.read_bytes()
    autosave.close()
    (tmp_path / "9-x.fep").write_bytes(data)
    started = psutil.Process().create_time()
    lock = {"pid": os.getpid(), "started": started - 3600, "portrait": None}
    (tmp_path / "9-x.lock").write_text(json.dumps(lock))
    (entry,) = recoverable(tmp_path)
    assert entry.name == "Untitled"
    assert entry.original is None


@pytest.mark.parametrize(
    "lock", ["", "[]", '{"pid": "x"}', '{"pid": -1, "started": 0}', '{"pid": 99999999999999, "started": 0}']
)
def test_damaged_locks_count_as_dead(tmp_path: Path, lock: str) -> None:
    (tmp_path / "9-x.lock").write_text(lock)
    (tmp_path / "9-x.fep").write_bytes(b"")
    (tmp_path / "8-alone.lock").write_text(lock)
    (entry,) = recoverable(tmp_path)
    assert not (tmp_path / "8-alone.lock").exists()
    with pytest.raises(PortraitError, match="discard it"):
        restore(entry)


def test_a_row_of_failures_is_reported_once_and_the_next_row_again(portrait: Portrait, tmp_path: Path) -> None:
    errors: list[FaceEditorError] = []
    folder = tmp_path / "gone"
    autosave = Autosave(interval=0.0, folder=folder, on_error=errors.append)
    for _ in range(3):
        autosave.snapshot(portrait)
        assert not autosave.flush(WAIT)
    assert len(errors) == 1
    assert "does not exist" in str(errors[0])
    folder.mkdir()
    autosave.snapshot(portrait)
    assert autosave.flush(WAIT)
    shutil.rmtree(folder)
    autosave.snapshot(portrait)
    assert not autosave.flush(WAIT)
    autosave.close()
    assert len(errors) == 2


def test_a_failure_that_lasts_is_reported_every_five_minutes(
    portrait: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("faceeditor.portrait.autosave.time", SimpleNamespace(monotonic=lambda: now))
    errors: list[FaceEditorError] = []
    autosave = Autosave(interval=0.0, folder=tmp_path / "gone", on_error=errors.append)
    for now, count in ((1000.0, 1), (1299.0, 1), (1300.0, 2), (1599.0, 2), (1601.0, 3)):
        autosave.snapshot(portrait)
        assert not autosave.flush(WAIT)
        assert len(errors) == count, now
    autosave.close()


def test_the_only_snapshot_survives_a_full_disk(
    portrait: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(portrait, tmp_path / "1-old.fep")
    (entry,) = recoverable(tmp_path)
    own = Autosave(interval=0.0, folder=tmp_path)

    def full(*_: object, **__: object) -> None:
        raise PortraitError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(store, "write_snapshot", full)
        assert not own.take_over(entry, restore(entry))
    assert entry.file.exists()
    with monkeypatch.context() as patched:  # written, but not what was meant
        patched.setattr(store, "write_snapshot", lambda state, file, *_, **__: file.write_bytes(b"PK"))
        assert not own.take_over(entry, restore(entry))
    assert entry.file.exists()
    assert own.take_over(entry, restore(entry))
    assert not entry.file.exists() and own.file.exists()
    own.close()
    assert list(tmp_path.iterdir()) == []


def test_a_running_program_keeps_its_snapshot_though_the_clock_is_set(
    portrait: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Autosave(interval=0.0, folder=tmp_path)
    own.snapshot(portrait)
    assert own.flush(WAIT)
    monkeypatch.setattr("psutil.Process.create_time", lambda self: 12345.0)
    monkeypatch.setattr("psutil.boot_time", lambda: 99.0, raising=False)
    assert recoverable(tmp_path) == []
    own.file.with_suffix(".alive").unlink()  # a file system without locks: the process is looked for
    assert recoverable(tmp_path) == []
    lock = json.loads(own.file.with_suffix(".lock").read_text())
    own.file.with_suffix(".lock").write_text(json.dumps({**lock, "boot": "another"}))
    assert len(recoverable(tmp_path)) == 1
    own.close()


def test_a_snapshot_older_than_the_saved_file_is_not_offered(portrait: Portrait, tmp_path: Path) -> None:
    saved = tmp_path / "anna.fep"
    store.save(portrait, saved)
    folder = tmp_path / "autosave"
    folder.mkdir()
    store.save(portrait, folder / "1-old.fep")
    (folder / "1-old.lock").write_text(json.dumps({"portrait": str(saved)}))
    os.utime(folder / "1-old.fep", (1_000_000, 1_000_000))
    assert recoverable(folder) == []
    os.utime(saved, (500_000, 500_000))
    assert [entry.original for entry in recoverable(folder)] == [saved]


def test_snapshots_are_offered_newest_first_whatever_lies_between(portrait: Portrait, tmp_path: Path) -> None:
    folder, saved = tmp_path / "autosave", tmp_path / "saved.fep"
    folder.mkdir()
    running = RunLock(folder / "0-running.alive")
    running.hold()
    (folder / "4-saved.lock").write_text(json.dumps({"portrait": str(saved)}))
    for age, name in enumerate(["0-running", "3-c", "1-a", "4-saved", "5-e", "2-b"]):
        store.save(portrait, folder / f"{name}.fep")
        os.utime(folder / f"{name}.fep", (1_000_000 - age, 1_000_000 - age))
    store.save(portrait, saved)
    found = recoverable(folder)
    assert [entry.file.stem for entry in found] == ["3-c", "1-a", "5-e", "2-b"]
    assert found[0].saved_at == 1_000_000 - 1
    running.release()


def test_only_what_belongs_to_no_snapshot_and_no_run_is_cleared_away(portrait: Portrait, tmp_path: Path) -> None:
    running = RunLock(tmp_path / "7-run.alive")
    running.hold()
    store.save(portrait, tmp_path / "8-left.fep")
    kept = [
        "7-run.lock", "7-run.0123.photo", ".7-run.fep.x.part", "8-left.alive", "8-left.lock", "8-left.0123.photo",
        "other.txt",
    ]  # fmt: skip
    stray = ["9-dead.alive", "9-dead.lock", "9-dead.0123.photo", ".9-dead.fep.x.part", ".8-left.fep.x.part"]
    for name in (*kept, *stray):
        (tmp_path / name).write_bytes(b"{}")
    assert [entry.file.stem for entry in recoverable(tmp_path)] == ["8-left"]
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {*kept, "7-run.alive", "8-left.fep"}
    running.release()


def test_the_folder_is_in_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEEDITOR_STATE", str(tmp_path))
    assert autosave_dir() == tmp_path / "autosave"
    assert autosave_dir().is_dir()


def wait_for(condition: Callable[[], bool], seconds: float = WAIT) -> bool:
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return False


def test_a_snapshot_with_a_damaged_head_is_recovered_with_a_note(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED_RUN, str(tmp_path)], check=False)
    (entry,) = recoverable(tmp_path)
    with zipfile.ZipFile(entry.file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    data = json.loads(content["face0/head.json"])
    data["pose"][0] = float("nan")
    content["face0/head.json"] = json.dumps(data).encode()
    with zipfile.ZipFile(entry.file, "w") as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    portrait = restore(entry)
    assert (portrait.mask[:4, :4] == Region.HAIR).all() and portrait.modified
    assert portrait.head is not None and portrait.head.pose[0] == 0
    assert "damaged" in portrait.note


def test_the_photograph_is_kept_beside_the_snapshot_and_written_once(
    portrait: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def noting(path: str | Path, data: bytes) -> None:
        written.append(Path(path))
        write_atomic(path, data)

    monkeypatch.setattr(store, "write_atomic", noting)
    photo = Photo(bytes(range(256)) * 4000, "anna.jpg")
    portrait.apply(ReplaceFaces(portrait.state().faces, photo))
    autosave = Autosave(interval=0.0, folder=tmp_path)
    for truncation in (0.1, 0.2, 0.3):
        portrait.apply(SetTruncation(truncation))
        autosave.snapshot(portrait)
        assert autosave.flush(WAIT)
    kept = store.photo_file(autosave.file, photo.digest)
    assert written.count(kept) == 1 and written.count(autosave.file) == 3
    assert autosave.file.stat().st_size < 100_000 and kept.read_bytes() == photo.data
    # As a killed run would leave it.
    left = tmp_path / "left"
    left.mkdir()
    for file in (autosave.file, kept):
        (left / file.name).write_bytes(file.read_bytes())
    autosave.close()
    assert list(tmp_path.iterdir()) == [left], "a clean exit leaves nothing"
    (entry,) = recoverable(left)
    recovered = restore(entry)
    assert recovered.state().photo is not None and recovered.state().photo.data == photo.data
    assert recovered.truncation == 0.3
    discard(entry)
    assert list(left.iterdir()) == []


def test_a_photograph_whose_snapshot_is_gone_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "77-dead.0123456789abcdef.photo").write_bytes(b"x")
    assert recoverable(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
