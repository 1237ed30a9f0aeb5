"""Data sets of people: the same bytes however they are made, whole after a kill."""

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from faceeditor.errors import FaceEditorError
from faceeditor.identity import dataset, workers
from faceeditor.identity.dataset import Plan, missing_shards, open_folder, write_index
from faceeditor.identity.shards import make_shard
from faceeditor.identity.verification import load_people
from tests.identity.people import open_studio, open_studio_once_killed
from tests.patience import WAIT

PLAN = Plan(people=45, each=3, likeness=0.2)


def content(folder):
    """Every file of the shards, by name."""
    place = folder / dataset.SHARDS
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def made(folder, plan=PLAN, opener=open_studio):
    open_folder(folder, plan)
    workers.make_here(plan, folder, missing_shards(folder, plan), opener, lambda count: None)
    write_index(folder)
    return content(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The files of an undisturbed run in one process."""
    return made(tmp_path_factory.mktemp("whole") / "set")


def test_everybody_is_there_once(whole, tmp_path):
    made(tmp_path / "set")
    with (tmp_path / "set" / dataset.INDEX).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["person"]), int(row["picture"])) for row in rows] == [(p, k) for p in range(45) for k in range(3)]
    assert all((tmp_path / "set" / row["file"]).is_file() for row in rows)
    assert len([name for name in whole if name.endswith(".jpg")]) == 135
    people = load_people(tmp_path / "set")
    assert people.embeddings.shape == (135, 128) and len(set(people.persons.tolist())) == 45
    assert content(tmp_path / "set") == whole
    # Person 1 is another one than person 0, and the pictures of one person differ.
    assert len({content for name, content in whole.items() if name.endswith(".jpg")}) == 135


def test_several_processes_make_the_same(whole, tmp_path):
    folder = tmp_path / "set"
    open_folder(folder, PLAN)
    counts = []
    workers.make_in_processes(PLAN, folder, missing_shards(folder, PLAN), open_studio, 2, counts.append)
    assert content(folder) == whole and counts == [1, 2, 3, 4, 5]


def test_a_killed_worker_is_replaced(whole, tmp_path):
    folder = tmp_path / "set"
    open_folder(folder, PLAN)
    missing = missing_shards(folder, PLAN)
    workers.make_in_processes(PLAN, folder, missing, open_studio_once_killed, 2, lambda count: None)
    assert (folder / "killed").exists()
    dataset.clean(folder)
    assert content(folder) == whole


def test_a_run_killed_at_any_moment_goes_on(whole, tmp_path):
    folder = tmp_path / "set"
    open_folder(folder, PLAN)
    code = (
        "from pathlib import Path; from tests.identity.test_dataset import *; import sys\n"
        "f = Path(sys.argv[1])\n"
        "workers.make_here(PLAN, f, missing_shards(f, PLAN), open_studio, lambda count: print(count, flush=True))"
    )
    run = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    run.stdout.readline()  # one shard is whole
    time.sleep(0.15)  # the next one is under way
    os.kill(run.pid, signal.SIGKILL)
    run.wait(WAIT)
    run.stdout.close()
    left = missing_shards(folder, PLAN)
    assert 0 < len(left) < 5
    dataset.clean(folder)
    assert made(folder) == whole


def test_more_people_later(whole, tmp_path):
    folder = tmp_path / "set"
    made(folder, replace(PLAN, people=33))
    assert missing_shards(folder, PLAN) == [3, 4]  # the fourth shard had three people only
    assert made(folder) == whole
    assert dataset.read_listing(folder)["people"] == 45


def test_a_shard_that_is_there_is_not_made_again(tmp_path):
    folder = tmp_path / "set"
    plan = replace(PLAN, people=10)
    made(folder, plan)
    stamp = (dataset.shard_folder(folder, 0) / dataset.TABLE).stat().st_mtime_ns
    studio = open_studio(plan, folder)
    make_shard(plan, folder, 0, studio)  # as a repeated task does
    assert (dataset.shard_folder(folder, 0) / dataset.TABLE).stat().st_mtime_ns == stamp
    assert [path.name for path in (folder / dataset.SHARDS).iterdir()] == ["00000"]


def test_a_full_disk_leaves_whole_shards(tmp_path, monkeypatch):
    folder = tmp_path / "set"
    real, written = dataset.write_atomic, []

    def write(path, content):
        written.append(path)
        if len(written) > 50:
            raise FaceEditorError("The disk is full; make room.")
        real(path, content)

    open_folder(folder, PLAN)
    monkeypatch.setattr(dataset, "write_atomic", write)
    with pytest.raises(FaceEditorError, match="disk is full"):
        workers.make_here(PLAN, folder, missing_shards(folder, PLAN), open_studio, lambda count: None)
    monkeypatch.undo()
    assert [path.name for path in sorted((folder / dataset.SHARDS).iterdir())] == ["00000"]
    assert write_index(folder) == 30


def test_other_values_need_another_folder(tmp_path):
    folder = tmp_path / "set"
    open_folder(folder, PLAN)
    with pytest.raises(FaceEditorError, match=r"another each \(3, and not 4\)"):
        open_folder(folder, replace(PLAN, each=4))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "holiday.jpg").write_bytes(b"")
    with pytest.raises(FaceEditorError, match="holds other files"):
        open_folder(tmp_path / "full", PLAN)
    with pytest.raises(FaceEditorError, match="no data set of people"):
        dataset.read_listing(tmp_path / "full")
    (folder / dataset.LISTING).write_text("{")
    with pytest.raises(FaceEditorError, match="damaged"):
        dataset.read_listing(folder)
    for wrong in ({"people": 0}, {"each": 0}, {"seed": -1}):
        with pytest.raises(FaceEditorError):
            Plan(**{"people": 1, "each": 1, **wrong})
