"""`faceeditor render` with a head: what is asked for on the command line reaches the pixels."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import faceeditor.engine
from faceeditor import cli
from faceeditor.cli.head_arguments import FLAGS
from faceeditor.engine import Engine, ReadHead
from faceeditor.engine.head_stage import HeadStage
from faceeditor.errors import FaceEditorError, ModelError
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.head.controls import control
from faceeditor.portrait import store
from faceeditor.portrait.document import Portrait
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray
from tests.engine.fakes import FakeGenerator

READ = HeadCoefficients.neutral().changed(pose=(3, -4, 1), position=(0.5, -2, -100), shape=np.full(24, 0.25))


class Drawing(FakeGenerator):
    """A face whose brightness is the yaw, and whose blue is the smile."""

    def render(self, mask: MaskArray, style: StyleCode, size: int = 256, maps: np.ndarray | None = None) -> np.ndarray:
        face = np.full((size, size, 3), 20, np.uint8)
        if maps is not None:
            face[:] = (100 + round(float(maps[0, 0, 0])), 0, round(200 * float(maps[0, 0, 1])))
        return face


class Studio:
    """Stands in for the head's tools, and notes what they were asked."""

    def __init__(self) -> None:
        self.moves: list[tuple[HeadCoefficients, HeadCoefficients]] = []
        self.heads: list[HeadCoefficients] = []
        self.read: list[np.ndarray] = []
        self.reading: HeadCoefficients | FaceEditorError = READ

    def move(self, mask: MaskArray, base: HeadCoefficients, head: HeadCoefficients) -> MaskArray:
        self.moves.append((base, head))
        return mask.copy()

    def maps(self, head: HeadCoefficients) -> np.ndarray:
        self.heads.append(head)
        maps = np.zeros((10, 128, 128), np.float32)
        maps[0, 0, :2] = head.pose[0], head.expression_of("mouthSmile_L")
        return maps

    def picture(self, head: HeadCoefficients) -> np.ndarray:
        return np.full((256, 256, 3), 222, np.uint8)

    @property
    def last(self) -> HeadCoefficients:
        return self.heads[-1]


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Studio]:
    """The engine with stand-ins for everything that is learnt, in an empty folder."""
    studio = Studio()
    guard = threading.Lock()

    def read(job: ReadHead, context: object) -> HeadCoefficients:
        with guard:
            studio.read.append(job.picture)
        if isinstance(studio.reading, FaceEditorError):
            raise studio.reading
        return studio.reading

    def engine(device: str) -> Engine:
        return Engine("openvino-cpu", opener=lambda name: Drawing(), heads=HeadStage(lambda: studio))

    monkeypatch.setattr(faceeditor.engine, "Engine", engine)
    monkeypatch.setattr(ReadHead, "run", read)
    monkeypatch.chdir(tmp_path)
    yield studio


def render(*arguments: str) -> int:
    return cli.main(["render", "-o", "a.png", *arguments])


def picture(name: str = "a.png") -> np.ndarray:
    return np.array(Image.open(name).convert("RGB"))


def test_without_a_wish_no_head_is_read(studio: Studio) -> None:
    assert render() == 0
    assert (picture() == 20).all() and picture().shape == (256, 256, 3)
    assert not studio.read


def test_sliders_move_the_head_that_is_read_from_the_face(studio: Studio) -> None:
    assert render("--yaw", "20", "--smile", "0.8", "--gaze-yaw", "-12", "--roll", "-7.5", "--light", "Rembrandt") == 0
    assert len(studio.read) == 1 and (studio.read[0] == 20).all()
    head = studio.last
    assert head.pose.tolist() == [20, -4, -7.5] and head.gaze.tolist() == [-12, 0]
    assert head.expression_of("mouthSmile_R") == pytest.approx(0.8)
    assert head.expression_of("eyeLookIn_L") == pytest.approx(0.3)
    assert head.rig is not None and head.rig.azimuth == 45
    assert np.array_equal(head.shape, READ.shape) and np.array_equal(head.position, READ.position)
    base, moved_to = studio.moves[-1]
    assert base.key == READ.key and moved_to.key == head.key
    assert picture()[9, 9].tolist() == [120, 0, 160]


def test_settings_presets_and_flags_in_their_order(studio: Studio) -> None:
    wish = ["--expression", "joy", "--pose", "three quarter left", "--pitch", "5", "--set", "mouthSmile_L=0.3"]
    assert (
        render(*wish, "--set", "smile-right=0", "--set", "truncation=0.5", "--exposure", "1", "--set", "mode_3=-2") == 0
    )
    head = studio.last
    assert head.pose.tolist() == [30, 5, 0]
    assert head.expression_of("mouthSmile_L") == pytest.approx(0.3) and head.expression_of("mouthSmile_R") == 0
    assert head.expression_of("cheekRaiser_L") == pytest.approx(0.25)
    assert control("exposure").get(head) == pytest.approx(1, abs=1e-4)
    assert head.shape[2] == -2 and head.shape[3] == 0.25


def test_a_sweep_is_a_series_of_files_or_a_row(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    assert render("--sweep", "yaw:-40:40:9", "--grid") == 0
    sheet = picture()
    assert sheet.shape == (256, 9 * 260 - 4, 3)
    assert sheet[50, 50::260, 0].tolist() == [60, 70, 80, 90, 100, 110, 120, 130, 140]
    assert len(studio.read) == 1
    capsys.readouterr()
    assert render("--sweep", "smile:0:1:3", "--yaw", "10") == 0
    assert capsys.readouterr().out.split() == ["a-1.png", "a-2.png", "a-3.png"]
    assert [picture(f"a-{n}.png")[0, 0].tolist() for n in (1, 2, 3)] == [[110, 0, 0], [110, 0, 100], [110, 0, 200]]


def test_two_sweeps_are_columns_and_rows(studio: Studio) -> None:
    assert render("--sweep", "yaw:-20:20:3", "--sweep", "smile:0:1:2") == 0
    sheet = picture()
    assert sheet.shape == (2 * 260 - 4, 3 * 260 - 4, 3)
    assert sheet[50::260, 50::260, 0].tolist() == [[80, 100, 120]] * 2
    assert sheet[50::260, 50::260, 2].tolist() == [[0] * 3, [200] * 3]


def test_every_person_is_read_for_itself(studio: Studio) -> None:
    assert render("--count", "2", "--sweep", "yaw:0:30:3", "--grid") == 0
    assert len(studio.read) == 2
    assert picture().shape == (2 * 260 - 4, 3 * 260 - 4, 3)


def test_the_head_of_a_portrait_is_drawn_and_turned(studio: Studio, tmp_path: Path) -> None:
    studio.reading = ModelError("Nothing is to be read.")
    turned = READ.changed(pose=(-30, 0, 0))
    portrait = Portrait(np.ones((256, 256), np.uint8), StyleCode.zeros("Zero"), head=turned, base_head=READ)
    store.save(portrait, tmp_path / "anna.fep")
    assert render("anna.fep") == 0
    assert picture()[0, 0, 0] == 70
    assert studio.moves[-1][0].key == READ.key and studio.moves[-1][1].key == turned.key
    assert render("anna.fep", "--smile", "1") == 0
    assert picture()[0, 0].tolist() == [70, 0, 200]
    assert studio.moves[-1][0].key == READ.key


def test_the_plain_rendering(studio: Studio) -> None:
    assert render("--plain") == 0
    assert (picture() == 222).all()


def test_seeds_draw_groups(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    class Prior:
        def draw(self, group: str, random: np.random.Generator, head: HeadCoefficients) -> HeadCoefficients:
            return head.changed(shape=random.normal(size=24), expression=random.uniform(0, 1, 55))

    monkeypatch.setattr(HeadPrior, "load", classmethod(lambda cls: Prior()))
    drawn = []
    for arguments in (["--identity-seed", "7"], ["--identity-seed", "7", "--smile", "0.5"], ["--identity-seed", "8"]):
        assert render(*arguments) == 0
        drawn.append(studio.last)
    assert np.array_equal(drawn[0].shape, drawn[1].shape) and not np.array_equal(drawn[0].shape, drawn[2].shape)
    assert not drawn[0].expression.any() and drawn[1].expression_of("mouthSmile_L") == pytest.approx(0.5)
    assert render("--expression-seed", "3", "--light", "ring") == 0
    assert studio.last.expression.any() and np.array_equal(studio.last.shape, READ.shape)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--yaw", "60"], "“yaw” cannot be 60; choose -45 to 45 degrees."),
        (["--yaw", "nan"], "“yaw” cannot be nan"),
        (["--smile", "-1"], "“smile” cannot be -1; choose 0 to 1."),
        (["--set", "smlie=0.5"], "did you mean “smile”"),
        (["--set", "smile=2"], "“--set smile=2” does not work: “smile” cannot be 2"),
        (["--set", "smile=nan"], "cannot be nan"),
        (["--set", "smile=much"], "“much” is no number"),
        (["--expression", "joi"], "did you mean “joy”"),
        (["--light", "rembrant"], "did you mean “rembrandt”"),
        (["--pose", "upside down"], "no preset “upside down”"),
        (["--expression", "joy", "--expression-seed", "1"], "exclude each other"),
        (["--sweep", "yaw"], "as yaw:-40:40:9"),
        (["--sweep", "yaw:0:1:2:3"], "as yaw:-40:40:9"),
        (["--sweep", "yaw:a:1:2"], "as yaw:-40:40:9"),
        (["--sweep", "yaw:0:nan:2"], "as yaw:-40:40:9"),
        (["--sweep", "yaw:0:90:3"], "“yaw” cannot be 90"),
        (["--sweep", "yaw:0:9:1"], "1 values are not within 2 to 100"),
        (["--sweep", "yow:0:9:2"], "there is no control “yow”; did you mean “yaw”"),
        (["--sweep", "yaw:0:9:2", "--sweep", "yaw:0:9:3"], "Both sweeps"),
        (["--sweep", "yaw:0:9:2", "--sweep", "roll:0:9:3", "--sweep", "pitch:0:9:3"], "3 sweeps are too many"),
        (["--sweep", "yaw:0:9:50", "--sweep", "roll:0:9:50"], "2500 faces"),
    ],
)
def test_wishes_that_cannot_be(
    studio: Studio, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert render(*arguments) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("faceeditor: ") and says in said and len(said.splitlines()) == 1
    assert not Path("a.png").exists() and not studio.heads


def test_a_head_that_cannot_be_read_is_said(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    studio.reading = ModelError("The model of the reader is missing; reinstall Face Editor.")
    assert render("--yaw", "3") == 1
    assert "The model of the reader is missing" in capsys.readouterr().err
    assert not Path("a.png").exists()


def test_a_damaged_head_is_told_and_the_face_drawn(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    portrait = Portrait(np.ones((256, 256), np.uint8), StyleCode.zeros("Zero"), note="The head is damaged.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "load", lambda path: portrait)
        assert render("anna.fep") == 0
    assert "The head is damaged." in capsys.readouterr().err
    assert Path("a.png").exists()


@pytest.mark.parametrize("arguments", [["--yaw", "much"], ["--identity-seed", "-1"], ["--smile"]])
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert render(*arguments) == 2
    assert "usage:" in capsys.readouterr().err


def test_flags_are_controls_and_their_ranges() -> None:
    for flags in FLAGS.values():
        for name, low, high, _ in flags:
            assert (control(name).low, control(name).high) == (low, high), name


def test_the_help_is_grouped(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["render", "--help"]) == 0
    text = capsys.readouterr().out
    for words in (
        "head: pose and gaze",
        "head: light",
        "--gaze-pitch -30..30",
        "--sweep NAME:FROM:TO:COUNT",
        "--plain",
    ):
        assert words in text
