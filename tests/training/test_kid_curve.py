"""The chart of KID over the pictures seen."""

from pathlib import Path

import cv2
import pytest

from faceeditor.errors import FaceEditorError
from faceeditor.training.kid_curve import draw_curves, main, read_curves

_HEADER = "pictures,l1,kid_own,kid_swapped,kid_random\n"


def write(path: Path, rows: list[str]) -> Path:
    path.write_text(_HEADER + "".join(f"{row}\n" for row in rows))
    return path


def test_an_evaluation_counts_once_though_every_row_repeats_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ["100,0.4,,,", "200,0.4,9,10,14", "300,0.3,9,10,14", "400,0.3,8,10,13"])
    curves = read_curves([path])
    assert curves["kid_own"] == [(200, 9), (400, 8)]
    assert curves["kid_random"] == [(200, 14), (400, 13)]


def test_a_run_replaces_what_it_did_not_go_on_from(tmp_path: Path) -> None:
    """Both where a second run begins earlier, and where one run was taken up again."""
    first = write(tmp_path / "a.csv", ["100,0,9,9,9", "200,0,8,8,8", "300,0,20,20,20"])
    second = write(tmp_path / "b.csv", ["250,0,7,7,7", "400,0,30,30,30", "350,0,6,6,6"])
    assert read_curves([first, second])["kid_own"] == [(100, 9), (200, 8), (250, 7), (350, 6)]


def test_the_chart_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.csv", ["136992,0,9.6,10.4,11.4", "146376,0,6.8,10.3,13.0"])
    out = tmp_path / "kid.jpg"
    assert main([str(path), "--out", str(out)]) == 0
    picture = cv2.imread(str(out))
    assert picture is not None and picture.shape == (560, 900, 3)
    assert "6 figures" in capsys.readouterr().out


def test_a_lower_kid_is_drawn_lower(tmp_path: Path) -> None:
    def height(kid: float) -> float:
        blue = draw_curves({"kid_own": [(0, kid), (100, kid)], "kid_swapped": [], "kid_random": [(0, 40.0)]})
        line = (abs(blue.astype(int)[100:, 100:-250] - (31, 119, 180)).sum(2) < 60).nonzero()[0]
        return float(line.mean())

    assert height(10.0) > height(30.0) + 50


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (_HEADER + "100,0,,,\n", "no KID yet"),
        (_HEADER + "100,0,nine,,\n", "has no number"),
        (_HEADER + "100,0,nan,,\n", "not finite"),
        ("kid_own\n9\n", "column pictures"),
    ],
)
def test_what_is_no_curve_ends_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(FaceEditorError, match=sentence):
        read_curves([path])


def test_errors_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "missing.csv"), "--out", str(tmp_path / "a.jpg")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert main([str(write(tmp_path / "a.csv", ["1,0,9,9,9"])), "--out", str(tmp_path / "a.gif")]) == 1
    assert "neither" in capsys.readouterr().err
