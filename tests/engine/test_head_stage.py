"""Heads in requests: masks moved, maps drawn, both remembered; newest wins; a missing head model."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from faceeditor.engine import Engine, Morph, RenderRequest, Thumbnails
from faceeditor.engine.head_stage import HeadStage
from faceeditor.engine.mask_morph import mixed_masks
from faceeditor.engine.preset_job import PresetThumbnails, face_square
from faceeditor.engine.requests import FAST, FULL
from faceeditor.engine.tiers import Tiers
from faceeditor.errors import EngineError, ModelError
from faceeditor.head.model import HeadModel
from faceeditor.head.presets import Preset
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import CombStroke
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region
from tests.engine.fakes import Answers, FakeGenerator
from tests.engine.heads import FakeHeads, turned
from tests.patience import WAIT
from tests.requests import request_of

STYLE = StyleCode.zeros()
MASK = np.zeros((256, 256), np.uint8)
MASK[100:150, 100:150] = 3
MASK.flags.writeable = False  # shared by the states that are made of it


def request(revision: int, yaw: float, **options: object) -> RenderRequest:
    return request_of(revision, MASK, STYLE, head=turned(yaw), base_head=turned(0), **options)  # type: ignore[arg-type]


@pytest.fixture
def heads() -> FakeHeads:
    return FakeHeads()


@pytest.fixture
def engine(fake: FakeGenerator, heads: FakeHeads) -> Iterator[Engine]:
    with Engine("openvino-cpu", opener=lambda device: fake, heads=heads) as engine:
        yield engine
    fake.go_on.set()


def test_mask_is_moved_and_maps_are_handed_on(engine: Engine, fake: FakeGenerator, heads: FakeHeads) -> None:
    frame = engine.render(request(1, 20, show_head=True))
    assert frame.mask is not None and not frame.mask.flags.writeable
    np.testing.assert_array_equal(frame.mask, np.roll(MASK, 20, axis=1))
    maps = fake.maps[-1]
    assert maps is not None and maps.shape == (10, 128, 128) and (maps == 20).all()
    assert frame.head is not None and frame.head.pose[0] == 20
    assert frame.head_picture is not None and (frame.head_picture == 77).all()
    assert not frame.head_picture.flags.writeable
    assert frame.timings["head"] > 0
    assert engine.render(request(2, 21)).head_picture is None and heads.stand_in.pictures == 1


def test_without_a_head_nothing_is_loaded(engine: Engine, fake: FakeGenerator, heads: FakeHeads) -> None:
    frame = engine.render(request_of(1, MASK, STYLE, show_head=True))
    assert fake.maps == [None] and heads.opened == 0
    assert frame.head is None and frame.head_picture is None
    np.testing.assert_array_equal(frame.mask, MASK)


def test_what_is_known_is_not_made_again(engine: Engine, fake: FakeGenerator, heads: FakeHeads) -> None:
    tools = heads.stand_in
    first = engine.render(request(1, 10))
    again = engine.render(request(2, 10))
    assert again.pixels is first.pixels and (tools.moves, len(tools.drawn), len(fake.sides)) == (1, 1, 1)
    # Light and skin leave outlines where they are and come after the network: new maps, but no new mask or face.
    lit = turned(10, gamma=np.ones((9, 3)), albedo=np.ones(32))
    frame = engine.render(request_of(3, MASK, STYLE, head=lit, base_head=turned(0)))
    assert (tools.moves, len(tools.drawn), len(fake.sides)) == (1, 2, 1) and frame.mask is first.mask
    # Another style: a new face under the same light.
    engine.render(request_of(4, MASK, tiny_style(), head=lit, base_head=turned(0)))
    assert (tools.moves, len(tools.drawn), len(fake.sides)) == (1, 2, 2)


def test_light_of_the_head_changes_the_picture_and_not_what_the_network_is_given(fake: FakeGenerator) -> None:
    mask = np.full((256, 256), Region.SKIN, np.uint8)
    mask[:8] = Region.BACKGROUND
    mask[0, 0] = Region.HAIR  # the stand-in draws a grey by the first pixel
    mask.flags.writeable = False
    base = HeadCoefficients.neutral()
    darker = base.changed(gamma=base.gamma * 0.3)
    with Engine("openvino-cpu", opener=lambda device: fake, heads=HeadStage()) as engine:
        bright = engine.render(request_of(1, mask, STYLE, head=base, base_head=base)).pixels
        shown = request_of(2, mask, STYLE, head=darker, base_head=base)
        dark = engine.render(shown).pixels
        assert len(fake.maps) == 1
        answers = Answers()
        engine.run(Thumbnails([STYLE], shown, 128), answers.on_progress, answers.on_done, answers.on_error)
        answers.wait(lambda: answers.results)
        (small,) = answers.results[0]
    face = (slice(110, 150), slice(110, 150))
    assert dark[face].mean() < 0.8 * bright[face].mean()
    assert small[55:75, 55:75].mean() == pytest.approx(dark[face].mean(), abs=2), "thumbnails have the light, too"
    assert np.array_equal(dark[2:6, 2:6], bright[2:6, 2:6]), "the background stays"


def tiny_style() -> StyleCode:
    return StyleCode(STYLE.regions, np.ones(64, np.float32), STYLE.detail)


def test_unmoved_heads_draw_the_mask_as_it_is(engine: Engine, fake: FakeGenerator, heads: FakeHeads) -> None:
    engine.render(request(1, 0))
    engine.render(request_of(2, MASK, STYLE, head=turned(30)))
    assert heads.stand_in.moves == 0 and [maps is not None for maps in fake.maps] == [True, True]


def test_adopted_mask_gives_the_same_face(engine: Engine, fake: FakeGenerator) -> None:
    moved = engine.render(request(1, 15))
    adopted = engine.render(request_of(2, moved.mask, STYLE, head=turned(15), base_head=turned(15)))
    assert adopted.pixels is moved.pixels and len(fake.sides) == 1


def test_a_dragged_slider_is_never_queued(engine: Engine, fake: FakeGenerator) -> None:
    answers = Answers()
    fake.go_on.clear()
    engine.submit(request(0, 0.0), answers.on_frame, answers.on_error)
    assert fake.started.wait(WAIT)
    for revision in range(1, 100):
        engine.submit(request(revision, revision * 0.4), answers.on_frame, answers.on_error)
    fake.go_on.set()
    answers.wait(lambda: answers.frames and answers.frames[-1].revision == 99)
    # The drawing that was under way and the newest position: what lay between was never drawn.
    assert [frame.revision for frame in answers.frames] == [0, 99] and len(fake.sides) == 2
    assert answers.frames[-1].head.pose[0] == pytest.approx(39.6)


def test_missing_head_model_leaves_the_mask_guided_portrait(fake: FakeGenerator) -> None:
    answers = Answers()
    with Engine("openvino-cpu", opener=lambda device: fake, heads=FakeHeads(missing=True)) as engine:
        with pytest.raises(ModelError, match="missing"):
            engine.render(request(1, 5))
        engine.submit(request(2, 5), answers.on_frame, answers.on_error)
        answers.wait(lambda: answers.errors)
        assert engine.render(request_of(3, MASK, STYLE)).revision == 3
        assert engine.status.ready and not engine.status.failed


def test_head_is_loaded_after_the_first_shown_frame(engine: Engine, heads: FakeHeads, fake: FakeGenerator) -> None:
    answers = Answers()
    engine.render(request_of(1, MASK, STYLE))
    engine.run(Thumbnails([STYLE], request_of(0, MASK, STYLE)), answers.on_progress, answers.on_done, answers.on_error)
    answers.wait(lambda: answers.results)  # what the frame had put on the background lane is done as well
    assert heads.opened == 0  # a command that draws one face and ends does not pay for it
    engine.submit(request_of(2, MASK, tiny_style()), answers.on_frame, answers.on_error)
    answers.wait(lambda: answers.frames)
    deadline = time.monotonic() + WAIT
    while not heads.stand_in.moves and time.monotonic() < deadline:
        time.sleep(0.005)
    assert heads.opened == 1 and heads.stand_in.moves == 1 and len(heads.stand_in.drawn) == 1
    engine.render(request(3, 5))
    assert heads.opened == 1


def test_loading_does_not_hold_up_the_pen(fake: FakeGenerator) -> None:
    go_on = threading.Event()

    class SlowHeads(FakeHeads):
        def warm_up(self, check: object = None) -> None:
            assert go_on.wait(WAIT)

    answers = Answers()
    with Engine("openvino-cpu", opener=lambda device: fake, heads=SlowHeads()) as engine:
        for revision in range(3):
            mask = np.full((256, 256), revision, np.uint8)
            engine.submit(request_of(revision, mask, STYLE), answers.on_frame, answers.on_error)
            answers.wait(lambda wanted=revision: len(answers.frames) == wanted + 1)
        go_on.set()


def test_thumbnails_show_the_head(engine: Engine, fake: FakeGenerator, heads: FakeHeads) -> None:
    answers = Answers()
    job = Thumbnails([STYLE, tiny_style()], request(1, 7))
    engine.run(job, answers.on_progress, answers.on_done, answers.on_error)
    answers.wait(lambda: answers.results)
    assert heads.stand_in.drawn == [7.0] and heads.stand_in.moves == 1, "once for all of them"
    assert [maps is not None for maps in fake.maps] == [True, True] and fake.sides == [128, 128]


def test_impossible_heads_are_refused() -> None:
    for share in (-0.1, float("nan"), 1.5):
        with pytest.raises(EngineError, match="Morph position"):
            Morph(MASK, share)


def test_geometry_key_names_what_moves_a_mask() -> None:
    head = HeadCoefficients.neutral()
    key = head.geometry_key
    assert head.changed(gamma=np.ones((9, 3)), albedo=np.ones(32)).geometry_key == key
    moved = {
        "shape": np.ones(24),
        "expression": np.ones(55),
        "gaze": (1, 0),
        "pose": (0, 1, 0),
        "position": (0, 0, -99),
    }
    assert len({head.changed(**{name: value}).geometry_key for name, value in moved.items()} | {key}) == 6


def disc(x: float, radius: float, region: int, ground: int = 0) -> np.ndarray:
    rows, columns = np.mgrid[:256, :256]
    return np.where((columns - x) ** 2 + (rows - 128) ** 2 < radius**2, region, ground).astype(np.uint8)


def test_outlines_wander_instead_of_popping() -> None:
    first, second = disc(108, 30, 4), disc(148, 30, 4)
    assert (mixed_masks(first, second, 0) == first).all() and (mixed_masks(first, second, 1) == second).all()
    centres = []
    for share in (0.25, 0.5, 0.75):
        mixed = mixed_masks(first, second, share)
        assert set(np.unique(mixed)) == {0, 4}
        centres.append(np.argwhere(mixed == 4)[:, 1].mean())
    assert 108 < centres[0] < centres[1] < centres[2] < 148 and centres[1] == pytest.approx(128, abs=1)


def test_a_region_of_one_mask_shrinks_away() -> None:
    first, second = disc(128, 40, 18, 1), np.full((256, 256), 1, np.uint8)
    areas = [int((mixed_masks(first, second, share) == 18).sum()) for share in (0.0, 0.2, 0.4, 0.6, 1.0)]
    assert areas == sorted(areas, reverse=True) and areas[0] > areas[1] > areas[2] > 0 == areas[3]


def test_morph_moves_each_mask_from_its_own_base(engine: Engine, heads: FakeHeads) -> None:
    other = disc(60, 25, 4)
    request = request_of(
        1, disc(100, 25, 4), STYLE, head=turned(10), base_head=turned(0), morph=Morph(other, 1.0, turned(-20))
    )
    np.testing.assert_array_equal(engine.render(request).mask, np.roll(other, 30, axis=1))
    own = request_of(2, MASK, STYLE, morph=Morph(other, 1.0, turned(-20), turned(0)))
    np.testing.assert_array_equal(engine.render(own).mask, np.roll(other, 20, axis=1))


def test_fast_tier_counts_what_the_head_takes() -> None:
    stages = Tiers()
    stages.note(FULL, 12.0)
    stages.note_head(9.0)
    assert stages.side(request(1, 10, fast=True)) == FAST
    assert stages.side(request(1, 10)) == FULL
    assert stages.side(request_of(1, MASK, STYLE, fast=True)) == FULL, "without a head the network alone counts"


def test_combed_hair_moves_with_the_head(engine: Engine, fake: FakeGenerator) -> None:
    stroke = CombStroke(np.array([(40, 50), (60, 80)], np.float32), 9)
    asked = request(1, 10).with_face(comb=(stroke,))
    frame = engine.render(asked)
    assert [each.points.tolist() for each in frame.comb] == [[[50, 50], [70, 80]]] and frame.comb[0].width == 9
    assert fake.hair is not None and fake.hair.shape == (3, 128, 128)
    engine.render(request(2, 10))
    assert fake.hair is None


def test_presets_show_a_person_and_give_way(engine: Engine, fake: FakeGenerator, heads: FakeHeads) -> None:
    answers, shown = Answers(), []
    wanted = [Preset("Left", "pose", {"yaw": -20.0}), Preset("Right", "pose", {"yaw": 20.0})]
    job = PresetThumbnails(wanted, request(1, 7), HeadModel.load(), 48, shown.append)
    engine.run(job, answers.on_progress, answers.on_done, answers.on_error)
    answers.wait(lambda: answers.results)
    (small,) = answers.results
    assert heads.stand_in.drawn == [-20.0, 20.0] and [picture.shape for picture in small] == [(48, 48, 3)] * 2
    assert len(shown) == 2 and all(a is b for a, b in zip(shown, small, strict=True))
    assert answers.threads == {"engine-long-jobs"}
    with pytest.raises(EngineError, match="need a head"):
        PresetThumbnails(wanted, request_of(1, MASK, STYLE), HeadModel.load())


def test_the_square_of_a_face_lies_around_it() -> None:
    mask = np.zeros((256, 256), np.uint8)
    assert face_square(mask) == (0, 0, 256)
    mask[100:200, 60:140] = Region.SKIN
    left, top, side = face_square(mask)
    assert side == 106 and (left, top) == (47, 97)
    mask[:, :] = Region.SKIN
    assert face_square(mask) == (0, 0, 256)
