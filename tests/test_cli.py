"""The command line, in this process and in one of its own."""

import io
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from faceeditor import __version__, cli
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.generators.style_prior import StylePrior
from faceeditor.portrait import store
from faceeditor.portrait.document import Portrait
from faceeditor.portrait.masks import write_mask
from tests.generators import tiny


@pytest.fixture
def mask_file(tmp_path: Path, tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mask beside nothing else, with the small models in place."""
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tiny_models))
    write_mask(tmp_path / "mask.png", tiny.face_mask())
    return tmp_path / "mask.png"


def picture(path: Path) -> np.ndarray:
    return np.array(Image.open(path).convert("RGB"))


def test_version_and_help_load_nothing_heavy() -> None:
    code = (
        "import sys; from faceeditor.cli import main; assert main(['--version']) == 0; assert main(['--help']) == 0;"
        "assert main(['render', '--help']) == 0; heavy = {'torch', 'openvino', 'PySide6', 'cv2', 'numpy'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"Face Editor {__version__}" in out
    assert "examples:" in out and "faceeditor render mask.png -o face.png --seed 7" in out


def test_render_a_mask(mask_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = mask_file.with_name("face.png")
    assert cli.main(["render", str(mask_file), "-o", str(out), "--seed", "7"]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    seven = picture(out)
    assert seven.shape == (256, 256, 3) and seven.std() > 10
    assert "trainedAlgorithmicMedia" in Image.open(out).info["XML:com.adobe.xmp"]
    assert cli.main(["render", str(mask_file), "-o", str(out), "--set", "seed=7"]) == 0
    np.testing.assert_array_equal(picture(out), seven)
    assert cli.main(["render", str(mask_file), "-o", str(out), "--seed", "8"]) == 0
    assert (picture(out) != seven).any()
    assert cli.main(["render", str(mask_file), "-o", str(out), "--seed", "7", "--truncation", "0.2"]) == 0
    assert (picture(out) != seven).any()


def test_render_without_background(mask_file: Path) -> None:
    out = mask_file.with_name("face.webp")
    assert cli.main(["render", str(mask_file), "-o", str(out), "--transparent", "--size", "320"]) == 0
    alpha = np.array(Image.open(out).convert("RGBA"))[..., 3]
    background = cv2.resize((tiny.face_mask() == 0).astype(np.uint8), (320, 320), interpolation=cv2.INTER_NEAREST) > 0
    assert (alpha[background] < 20).mean() > 0.97 and (alpha[~background] > 200).mean() > 0.9


@pytest.mark.parametrize("ending", ["ora", "psd"])
def test_render_with_layers(mask_file: Path, ending: str) -> None:
    out = mask_file.with_name(f"face.{ending}")
    assert cli.main(["render", str(mask_file), "-o", str(out), "--seed", "7"]) == 0
    assert out.read_bytes()[:2] == {"ora": b"PK", "psd": b"8B"}[ending]


def test_render_several_people(mask_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = mask_file.with_name("people.png")
    command = ["render", str(mask_file), "-o", str(out), "--count", "3", "--seed", "4", "--device", "openvino-cpu"]
    assert cli.main(command) == 0
    names = [Path(line).name for line in capsys.readouterr().out.splitlines()]
    assert names == ["people-1.png", "people-2.png", "people-3.png"]
    assert cli.main([*command, "--grid"]) == 0
    grid = picture(out)
    assert grid.shape == (516, 516, 3)
    np.testing.assert_array_equal(grid[:256, 260:], picture(mask_file.with_name("people-2.png")))


def test_render_a_portrait_enlarged(mask_file: Path) -> None:
    source, out = mask_file.with_name("anna.fep"), mask_file.with_name("anna.jpg")
    style = StylePrior.load().draw(3, tiny.face_mask())
    store.save(Portrait(tiny.face_mask(), style, 0.5), source)
    assert cli.main(["render", str(source), "-o", str(out), "--size", "512"]) == 0
    assert picture(out).shape == (512, 512, 3)
    own, wanted = mask_file.with_name("own.png"), mask_file.with_name("wanted.png")
    assert cli.main(["render", str(source), "-o", str(own)]) == 0
    assert cli.main(["render", str(mask_file), "-o", str(wanted), "--seed", "3", "--truncation", "0.5"]) == 0
    np.testing.assert_array_equal(picture(own), picture(wanted))
    anyone = mask_file.with_name("anyone.png")
    command = ["render", str(mask_file), "-o", str(anyone), "--seed", "3", "--truncation", "0.5", "--anyone"]
    assert cli.main(command) == 0
    assert (picture(anyone) != picture(wanted)).any()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["render", "missing.png", "-o", "a.png"], "does not exist"),
        (["render", "MASK", "-o", "a.gif"], ".png"),
        (["render", "MASK", "-o", "a.png", "--size", "9"], "9 pixels"),
        (["render", "MASK", "-o", "a.png", "--set", "nose=3"], "nose=3"),
        (["render", "MASK", "-o", "a.png", "--set", "truncation=7"], "truncation=7"),
        (["render", "MASK", "-o", "a.png", "--set", "seed"], "“--set seed”"),
        (["render", "MASK", "-o", "a.png", "--style", "p.jpg", "--count", "2"], "one style"),
        (["render", "MASK", "-o", "a.png", "--style", "p.jpg"], "does not exist"),
        (["render", "MASK", "-o", "a.jpg", "--transparent"], "no transparent background"),
        (["render", "MASK", "-o", "a.png", "--count", "2", "--grid", "--transparent"], "--transparent"),
        (["render", "MASK", "-o", "a.ora", "--count", "2", "--grid"], "let it end in"),
        (["render", "MASK", "-o", "no/such/folder/a.png"], "a.png"),
        (["inspect", "no-such-model"], "no-such-model"),
        (["bench", "speed", "--seconds", "0"], "0 seconds"),
    ],
)
def test_user_errors_are_one_sentence(
    mask_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(mask_file.parent)
    assert cli.main([str(mask_file) if argument == "MASK" else argument for argument in arguments]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("faceeditor: ") and says in said
    assert "Traceback" not in said and len(said.splitlines()) == 1
    assert not (mask_file.parent / "a.png").exists()


def test_missing_model_is_said(mask_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path / "nothing"))
    assert cli.main(["render", str(mask_file), "-o", str(tmp_path / "a.png")]) == 1
    assert "missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["paint"], ["render"], ["render", "a.png", "-o", "b.png", "--seed", "-1"], ["bench"],
        ["render", "a.png", "-o", "b.png", "--count", "0"], ["render", "a.png", "-o", "b.png", "--truncation", "9"],
        ["render", "a.png", "-o", "b.png", "--device", "toaster"],
    ],
)  # fmt: skip
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Cancelled("Stopped.")])
def test_stopped_is_130(mask_file: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException) -> None:
    from faceeditor.engine import Engine

    def interrupted(*_: object) -> None:
        raise stop

    monkeypatch.setattr(Engine, "render", interrupted)
    assert cli.main(["render", str(mask_file), "-o", str(mask_file.with_name("a.png"))]) == 130


def test_style_of_a_photograph(mask_file: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    from faceeditor.photo import prepare
    from faceeditor.photo.align import Square
    from faceeditor.photo.detect import FaceBox

    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    photo = mask_file.with_name("photo.png")
    assert cv2.imwrite(str(photo), noise)
    square = Square(np.zeros(2), np.ones(2))
    found = prepare.PreparedPhoto(noise, tiny.face_mask(), (FaceBox(1, 2, 3, 4, 1.0),), square, "The face is small.")
    monkeypatch.setattr(prepare, "prepare_photo", lambda picture, face, step: found)
    out = mask_file.with_name("a.png")
    assert cli.main(["render", str(mask_file), "-o", str(out), "--style", str(photo)]) == 0
    assert "The face is small." in capsys.readouterr().err
    from_photo = picture(out)
    assert cli.main(["render", str(mask_file), "-o", str(out)]) == 0
    assert (picture(out) != from_photo).any()


def test_inspect(mask_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", str(mask_file), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["size"] == "256 x 256" and float(facts["Skin"].rstrip("%")) > 10 and "Hat" not in facts
    portrait = mask_file.with_name("anna.fep")
    store.save(Portrait(tiny.face_mask(), StylePrior.load().draw(3), 0.5), portrait)
    assert cli.main(["inspect", str(portrait)]) == 0
    text = capsys.readouterr().out
    assert "Seed 3" in text and "0.5" in text
    assert cli.main(["inspect", "mask-guided"]) == 0
    assert "generator.safetensors" in capsys.readouterr().out


def test_inspect_finds_an_altered_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = tiny.write_parser(tmp_path)
    weights = pack.folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    assert cli.main(["inspect", str(pack.folder)]) == 1
    assert "altered" in capsys.readouterr().err


def test_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dataset", str(tmp_path)]) == 1
    assert "index.csv" in capsys.readouterr().err
    from faceeditor.training.data import kept_out

    groups = {part: next(str(n) for n in range(200) if kept_out(str(n)) == part) for part in (True, False)}
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    rows = ["id,split_group", f"00001,{groups[True]}", f"00002,{groups[False]}"]
    (tmp_path / "index.csv").write_text("\n".join(rows) + "\n")
    for name in ("00001", "00002"):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.jpg"), np.full((256, 256, 3), 90, np.uint8))
        cv2.imwrite(str(tmp_path / "labels" / f"{name}.png"), tiny.face_mask())
    assert cli.main(["dataset", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "train           1 faces" in text and "kept-out        1 faces" in text
    assert "Skin         in 100.0%" in text and "Hat          in   0.0%" in text


def test_dataset_without_kept_out_faces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from faceeditor.training.data import kept_out, load_faces

    group = next(str(number) for number in range(200) if not kept_out(str(number)))
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / "images" / "00001.jpg"), np.full((256, 256, 3), 90, np.uint8))
    cv2.imwrite(str(tmp_path / "labels" / "00001.png"), tiny.face_mask())
    (tmp_path / "index.csv").write_text(f"id,split_group\n00001,{group}\n")
    assert cli.main(["dataset", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "train           1 faces" in text and "kept-out        0 faces" in text
    assert "Skin         in 100.0%" in text
    with pytest.raises(FaceEditorError, match="no kept-out faces"):
        load_faces(tmp_path, "kept-out")
    (tmp_path / "index.csv").write_text("id,split_group\n")
    assert cli.main(["dataset", str(tmp_path)]) == 1
    assert "names no faces" in capsys.readouterr().err


def test_window_opens_without_a_command_or_with_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[list[str]] = []

    class App:
        @staticmethod
        def main(arguments: list[str]) -> int:
            opened.append(arguments)
            return 0

    monkeypatch.setitem(sys.modules, "faceeditor.gui.app", App)
    assert cli.main([]) == cli.main(["anna.fep"]) == cli.main(["gui", "mask.png"]) == 0
    assert opened == [[], ["anna.fep"], ["mask.png"]]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_no_display_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main([]) == 1
    assert "faceeditor demo" in capsys.readouterr().err


def test_demo_writes_its_pictures(mask_file: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    class Snapshot:
        @staticmethod
        def window_snapshot(path: Path) -> Path:
            Image.new("RGB", (4, 4)).save(path)
            return path

    monkeypatch.setitem(sys.modules, "faceeditor.gui.snapshot", Snapshot)
    folder = mask_file.parent / "demo"
    assert cli.main(["demo", "-o", str(folder)]) == 0
    assert [Path(line).name for line in capsys.readouterr().out.splitlines()] == [
        "portrait.png",
        "people.png",
        "window.png",
    ]
    assert picture(folder / "portrait.png").shape == (256, 512, 3)
    assert cli.main(["demo", "-o", str(mask_file / "below a file")]) == 1


def test_closed_output_is_no_error(mask_file: Path) -> None:
    command = [sys.executable, "-m", "faceeditor", "inspect", str(mask_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert isinstance(process.stdout, io.TextIOWrapper) and process.stderr is not None
        process.stdout.close()
        assert process.wait(120) == 0 and "Traceback" not in process.stderr.read()
