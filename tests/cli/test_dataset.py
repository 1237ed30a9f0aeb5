"""`faceeditor dataset render`: pictures, masks, maps and coefficients; stopped and gone on with."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceeditor import cli
from faceeditor.cli import dataset
from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import Region


def _command(out: Path, count: int, *more: str) -> list[str]:
    return ["dataset", "render", "--count", str(count), "--out", str(out), "--size", "64", "--seed", "3", *more]


def test_a_data_set_is_rendered_with_all_that_is_known_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "set"
    assert cli.main(_command(out, 2)) == 0
    assert "2 pictures" in capsys.readouterr().out
    with (out / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["000000", "000001"] and len({row["split_group"] for row in rows}) == 2
    model = HeadModel.load()
    for row in rows:
        picture = cv2.imread(str(out / "images" / f"{row['id']}.jpg"))
        mask = cv2.imread(str(out / "labels" / f"{row['id']}.png"), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (64, 64, 3) and mask.shape == (64, 64)
        assert (mask == Region.SKIN).sum() > 100
        head = HeadCoefficients.from_json(json.loads((out / "heads" / f"{row['id']}.json").read_text())["head"])
        assert float(row["yaw"]) == pytest.approx(head.pose[0], abs=0.06)
        with np.load(out / "maps" / f"{row['id']}.npz") as maps:
            wanted = render_maps(model, head, 128)
            np.testing.assert_allclose(maps["condition"], wanted.condition, atol=2e-3)
            assert np.array_equal(maps["regions"], wanted.regions)


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render_one = dataset._render_one
    done: list[int] = []

    def stopped(model: HeadModel, folder: Path, number: int, seed: int, size: int) -> None:
        if number == 1:
            raise KeyboardInterrupt
        done.append(number)
        render_one(model, folder, number, seed, size)

    monkeypatch.setattr(dataset, "_render_one", stopped)
    assert cli.main(_command(tmp_path / "set", 3)) == 130
    assert (tmp_path / "set" / "index.csv").read_text().count("\n") == 2
    monkeypatch.setattr(dataset, "_render_one", render_one)
    before = (tmp_path / "set" / "images" / "000000.jpg").stat().st_mtime_ns
    assert cli.main(_command(tmp_path / "set", 3)) == 0
    assert (tmp_path / "set" / "images" / "000000.jpg").stat().st_mtime_ns == before
    # The same pictures as in one go.
    assert cli.main(_command(tmp_path / "other", 3)) == 0
    for number in range(3):
        one, other = (tmp_path / place / "images" / f"{number:06}.jpg" for place in ("set", "other"))
        assert one.read_bytes() == other.read_bytes()
    assert not list((tmp_path / "set").rglob("*.tmp*"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dataset", "render"], "how many"),
        (["dataset", "render", "--count", "0", "--out", "x"], "0 pictures"),
        (["dataset", "render", "--count", "1", "--out", "x", "--size", "8"], "side 8"),
        (["dataset", "render", "--count", "1", "--out", "x", "--seed", "-1"], "negative"),
    ],
)
def test_wrong_values_are_told(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 1
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_another_data_set_is_not_mixed_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(_command(tmp_path / "set", 1)) == 0
    assert cli.main([*_command(tmp_path / "set", 1), "--seed", "4"]) == 1
    assert "another seed" in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("Dear Anna")
    assert cli.main(_command(tmp_path / "mine", 1)) == 1
    assert "other files" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
