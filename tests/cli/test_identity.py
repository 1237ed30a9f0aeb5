"""`faceeditor identity`: what is refused before anything is drawn."""

import pytest

from faceeditor.cli import main


@pytest.mark.parametrize(("arguments", "told"), [
    (["board", "-o", "sheet.png", "--method", "magic"], "no method “magic”"),
    (["board", "-o", "sheet.png", "--lock", "nose"], "no lock “nose”"),
    (["board", "-o", "sheet.png", "--variety", "3"], "variety 3"),
    (["board", "-o", "sheet.txt"], "which format"),
    (["board", "-o", "sheet.png", "--rows", "9"], "9 x 4"),
    (["walk", "-o", "walk.txt"], "which format"),
    (["dataset", "--people", "5", "--each", "2", "--out", "d", "--method", "magic"], "no method “magic”"),
    (["dataset", "--people", "5", "--each", "2", "--out", "d", "--workers", "0"], "0 workers"),
    (["dataset", "--people", "5", "--each", "2", "--out", "d", "--variety", "2"], "variety 2"),
    (["dataset", "--people", "5", "--each", "2", "--out", "d", "--method", "head", "--both-sides"], "has two sides"),
    (["dataset", "--people", "5", "--each", "2", "--out", "d", "--generator", "nobody"], "no imported generator"),
    (["dataset", "--people", "5", "--each", "2", "--out", "d", "--method", "head", "--generator", "x"],
     "exfacegan alone"),
    (["evaluate", "nowhere"], "no data set of people"),
    (["train-recogniser", "nowhere", "-o", "there", "--photographs", "none"], "no folder “none”"),
    (["train-recogniser", "nowhere", "-o", "there"], "no data set of people"),
    (["train-recogniser", "nowhere", "-o", "there", "--width", "99"], "width 99"),
])  # fmt: skip
def test_one_sentence(arguments, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["identity", *arguments]) == 1
    said = capsys.readouterr().err
    assert told in said and "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["walk", "-o", "a.png", "--frames", "1"], ["boundary", "--pool", "3"], []])
def test_wrong_usage(arguments, capsys):
    assert main(["identity", *arguments]) == 2
