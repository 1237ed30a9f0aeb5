"""`faceeditor import-generator` and `generate`."""

from pathlib import Path

import pytest

from faceeditor.cli import main
from faceeditor.identity import recogniser
from faceeditor.images import open_picture
from tests.generators.imported.official import snapshot, stylegan2, write
from tests.identity.test_imported_space import MeanColours


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACEEDITOR_GENERATORS", str(tmp_path / "generators"))
    return tmp_path / "generators"


def test_import_and_draw(tmp_path: Path, own_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "net.pkl", snapshot(stylegan2()))
    assert main(["import-generator", str(path), "-o", "people"]) == 0
    assert "licence is unknown" in capsys.readouterr().out
    assert main(["generate", "people", "-o", str(tmp_path / "sheet.png"), "--count", "4", "--grid"]) == 0
    assert open_picture(tmp_path / "sheet.png").shape[0] >= 32
    assert main(["generate", "people", "-o", str(tmp_path / "a.png"), "--count", "3", "--walk-to", "5"]) == 0
    assert sorted(path.name for path in tmp_path.glob("a-*.png")) == ["a-1.png", "a-2.png", "a-3.png"]
    assert main(["inspect", str(own_folder / "people")]) == 0


def test_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.pkl").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    assert main(["import-generator", str(tmp_path / "bad.pkl")]) == 1
    assert "“os.system”" in capsys.readouterr().err
    assert main(["generate", "nobody", "-o", str(tmp_path / "a.png")]) == 1
    assert "no imported generator “nobody”" in capsys.readouterr().err
    assert main(["generate", "nobody", "-o", "a.png", "--walk-to", "3"]) == 1
    assert "at least two faces" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["--same-person", "--identity-walk"])
def test_one_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("FACEEDITOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(recogniser, "load", lambda: MeanColours())
    path = write(tmp_path / "net.pkl", snapshot(stylegan2(conv_clamp=1.0)))
    assert main(["import-generator", str(path), "-o", "people"]) == 0
    arguments = ["generate", "people", "-o", str(tmp_path / "anna.png"), "--count", "3", "--pool", "60", "--seed", "4"]
    assert main([*arguments, kind, "--grid"]) == 0
    said = capsys.readouterr().out
    assert "are on the right side" in said and said.count("distance to the person") == 3
    assert (tmp_path / "anna.png").is_file()
    assert main([*arguments, kind, "--walk-to", "3"]) == 1
    assert main([*arguments, kind, "--variety", "11"]) == 1
    assert "choose another one" in capsys.readouterr().err
