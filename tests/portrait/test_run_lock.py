"""Whether the run that owns a snapshot is still there: by its lock, else by process, start and boot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faceeditor.portrait import run_lock
from faceeditor.portrait.run_lock import RunLock, boot_id, identity, is_alive, start_ticks


def test_a_run_is_alive_from_hold_to_release(tmp_path: Path) -> None:
    file = tmp_path / "1.alive"
    lock = RunLock(file)
    assert not is_alive(file, {})
    lock.hold()
    lock.hold()  # a second time is no harm
    assert is_alive(file, {}) and file.stat().st_mode & 0o777 == 0o600
    lock.release()
    assert not file.exists() and not is_alive(file, {})
    lock.release()
    lock.hold()
    assert is_alive(file, {}), "it can be taken again"
    lock.release()


def test_a_lock_that_was_left_behind_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "1.alive"
    file.write_bytes(b"")
    assert not is_alive(file, identity()), "its lock went with its process, whatever else is said"
    lock = RunLock(file)
    lock.hold()
    assert is_alive(file, {})
    lock.release()


def open_handles() -> int:
    """Of this process; 0 where the system does not say."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def test_a_second_run_does_not_take_the_lock_of_the_first(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path / "1.alive"), RunLock(tmp_path / "1.alive")
    first.hold()
    handles = open_handles()
    second.hold()
    assert second._handle is None and is_alive(tmp_path / "1.alive", {})
    assert open_handles() == handles
    first.release()


def test_without_locks_the_process_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(handle: int) -> bool:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(run_lock, "_try_lock", no_locks)
    file = tmp_path / "1.alive"
    lock = RunLock(file)
    handles = open_handles()
    for _ in range(3):  # as with every snapshot
        lock.hold()
    assert lock._handle is None and file.exists()
    assert open_handles() == handles
    facts = identity()
    assert is_alive(file, facts)
    for wrong in (
        {"boot": "another"}, {"boot": None}, {"ticks": facts["ticks"] + 1}, {"ticks": None}, {"pid": str(os.getpid())},
        {"pid": True}, {"pid": 0}, {"pid": -1}, {"pid": 1 << 31}, {"pid": None},
    ):  # fmt: skip
        assert not is_alive(file, {**facts, **wrong}), wrong
    assert not is_alive(file, {}) and is_alive(tmp_path / "missing", facts)
    lock.release()


def test_a_process_that_only_waits_to_be_counted_is_gone(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    facts = {"pid": child.pid, "boot": boot_id(), "ticks": start_ticks(child.pid)}
    assert is_alive(tmp_path / "missing", facts)
    assert child.stdin is not None
    child.stdin.close()
    if sys.platform.startswith("linux"):
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, but not fetched yet
        assert start_ticks(child.pid) == facts["ticks"] and not is_alive(tmp_path / "missing", facts)
    child.wait()
    assert not is_alive(tmp_path / "missing", facts) and start_ticks(child.pid) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux names its boots")
def test_boot_and_start_are_the_system_s() -> None:
    assert boot_id() == boot_id() and len(boot_id()) == 36
    ticks = start_ticks(os.getpid())
    assert ticks is not None
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert 0 < ticks / os.sysconf("SC_CLK_TCK") <= uptime + 1
