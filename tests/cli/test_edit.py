"""Photographs edited from the command line: what is asked for, what is refused, what is resumed."""

import csv
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceeditor.cli import build_parser, edit, main
from faceeditor.cli.edit import REPORT, Outcome, Task, edited_head, list_tasks, wanted_options
from faceeditor.errors import FaceEditorError
from faceeditor.head.controls import control
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.processes import begin_worker


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for name in ("a.png", "b.jpg", "more/c.png"):
        Image.fromarray(np.full((20, 30, 3), 99, np.uint8)).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


class NoEngine:
    """Stands for an engine that nobody asks for anything; a real one would load the networks."""

    def __init__(self, device: str) -> None:
        pass

    def __enter__(self) -> "NoEngine":
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceeditor.engine.Engine", NoEngine)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, no_engine: None) -> list[Path]:
    """Photographs are copied instead of edited; the list says which."""
    done: list[Path] = []

    def copy(args: object, engine: object, task: Task) -> Outcome:
        done.append(task.source)
        if task.source.name == "b.jpg" and len(done) == 1000:
            return Outcome(task, "failed", "No face.", 0.0)
        task.target.parent.mkdir(parents=True, exist_ok=True)
        task.target.write_bytes(b"edited")
        return Outcome(task, "edited", "", 0.1)

    monkeypatch.setattr(edit, "edit_file", copy)
    return done


def parsed(*words: object) -> object:
    return build_parser().parse_args(["edit", *map(str, words)])


def test_a_folder_keeps_its_tree(photos: Path, tmp_path: Path) -> None:
    tasks = list_tasks(parsed(photos, "-o", tmp_path / "out"))  # type: ignore[arg-type]
    assert [task.target.relative_to(tmp_path / "out").as_posix() for task in tasks] == ["a.png", "b.jpg", "more/c.png"]


@pytest.mark.parametrize("name", ["a.png", "more/../a.png"])
def test_an_input_is_not_written_over(photos: Path, name: str) -> None:
    before = (photos / "a.png").read_bytes()
    assert main(["edit", str(photos / "a.png"), "--yaw", "5", "-o", str(photos / name)]) == 1
    assert (photos / "a.png").read_bytes() == before


def test_a_link_to_an_input_is_not_written_over(photos: Path) -> None:
    link = photos / "link.png"
    link.symlink_to(photos / "a.png")
    with pytest.raises(FaceEditorError, match="--in-place"):
        list_tasks(parsed(photos / "a.png", "-o", link))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a.png"], "-o"),
        (["a.png", "-o", "x.png", "--in-place"], "-o"),
        (["missing.png", "-o", "x.png"], "does not exist"),
        (["a.png", "b.jpg", "-o", "one.png"], "name a folder"),
        (["a.png", "-o", "one.bmp"], "let it end in"),
        (["a.png", "-o", "x.jpg", "--transparent"], "no transparent background"),
        (["a.png", "-o", "x.png", "--set", "smile"], "smile=0.4"),
        (["a.png", "-o", "x.png", "--face", "0"], "counted from 1"),
        (["a.png", "-o", "x.png", "--jobs", "99"], "--jobs 1 to"),
        (["a.png", "-o", "x.png", "--yaw", "400"], "400"),
        (["a.png", "-o", "x.png", "--quality", "0"], "1 to 100"),
    ],
)
def test_wrong_wishes_are_told(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    monkeypatch.chdir(photos)
    assert main(["edit", *words]) == 1
    said = capsys.readouterr().err
    assert sentence in said and "Traceback" not in said
    assert not (photos / "x.png").exists()


def test_a_stopped_folder_goes_on(photos: Path, tmp_path: Path, stand_in: list[Path]) -> None:
    out = tmp_path / "out"
    words = ["edit", str(photos), "-o", str(out), "--yaw", "5"]
    assert main(words) == 0
    assert len(stand_in) == 3
    (out / "b.jpg").unlink()
    assert main(words) == 0
    assert [path.name for path in stand_in[3:]] == ["b.jpg"]
    # Other settings are another edit.
    assert main([*words, "--smile", "0.2"]) == 0
    assert len(stand_in) == 7
    with (out / REPORT).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 7 and {row["status"] for row in rows} == {"edited"}


def test_in_place_edits_nothing_twice(photos: Path, stand_in: list[Path]) -> None:
    assert main(["edit", str(photos), "--in-place", "--yaw", "5"]) == 0
    assert main(["edit", str(photos), "--in-place", "--yaw", "5"]) == 0
    assert len(stand_in) == 3


def test_values_are_added_to_what_the_photograph_shows() -> None:
    head = control("yaw").set(HeadCoefficients.neutral(), None, 10.0)
    head = control("smile").set(head, None, 0.3)
    wanted = wanted_options(parsed("a.png", "-o", "b.png", "--yaw", "-4", "--smile", "0.2", "--fill", "0.7"))  # type: ignore[arg-type]
    edited = edited_head(head, wanted)
    assert control("yaw").get(edited) == pytest.approx(6.0)
    assert control("smile").get(edited) == pytest.approx(0.5)
    assert control("fill").get(edited) == pytest.approx(0.7)
    none = wanted_options(parsed("a.png", "-o", "b.png", "--yaw", "0"))  # type: ignore[arg-type]
    assert edited_head(head, none) is head
    assert not edited_head(head, none, neutral=True).expression.any()


def test_inspect_says_how_a_picture_was_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from faceeditor.export.picture import write_picture

    noise = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    write_picture(tmp_path / "face.png", noise)
    assert main(["inspect", str(tmp_path / "face.png")]) == 0
    said = capsys.readouterr().out
    assert "trainedAlgorithmicMedia" in said and "60 x 40" in said


def copied(args: object, task: Task) -> Outcome:
    """Copies instead of editing, in another process; the first try of b.jpg kills that."""
    marker = task.target.parent.parent / "killed"
    if task.source.name == "b.jpg" and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    task.target.parent.mkdir(parents=True, exist_ok=True)
    task.target.write_bytes(b"edited")
    return Outcome(task, "edited", "", 0.1)


def always_killed(args: object, task: Task) -> Outcome:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@pytest.fixture
def without_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit, "_start_process", begin_alone)


def begin_alone(device: str, threads: int) -> None:
    begin_worker(threads)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals here")
def test_a_process_that_is_killed_is_replaced(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_engines: None
) -> None:
    monkeypatch.setattr(edit, "_in_a_process", copied)
    out = tmp_path / "out"
    assert main(["edit", str(photos), "-o", str(out), "--yaw", "5", "--jobs", "2"]) == 0
    with (out / REPORT).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(Path(row["input"]).name for row in rows) == ["a.png", "b.jpg", "c.png"]
    assert {row["status"] for row in rows} == {"edited"}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals here")
def test_processes_that_always_end_are_told_in_a_sentence(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_engines: None,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(edit, "_in_a_process", always_killed)
    assert main(["edit", str(photos), "-o", str(tmp_path / "out"), "--yaw", "5", "--jobs", "2"]) == 1
    said = capsys.readouterr().err
    assert "fewer --jobs" in said and "Traceback" not in said


def test_a_fault_in_one_photograph_does_not_end_the_others(
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    no_engine: None,
) -> None:
    def fail(engine: object, job: object) -> object:
        raise ValueError("broken")

    monkeypatch.setattr(edit, "answer", fail)
    assert main(["edit", str(photos), "-o", str(tmp_path / "out"), "--yaw", "5"]) == 1
    said = capsys.readouterr().err
    assert "3 of 3" in said and "Traceback (most" not in said.split("faceeditor:")[-1]
    with (tmp_path / "out" / REPORT).open(newline="") as stream:
        assert [row["status"] for row in csv.DictReader(stream)] == ["failed"] * 3
