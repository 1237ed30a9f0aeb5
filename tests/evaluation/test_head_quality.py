"""The figures of the 3D-controlled generator: pictures are the engine's own, and the score of disentanglement."""

import numpy as np
import pytest

from faceeditor.engine import Engine
from faceeditor.evaluation import head_quality
from faceeditor.evaluation.head_quality import FACTORS, HeadQualityBench, disentanglement
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region
from tests.engine.fakes import FakeGenerator
from tests.engine.heads import FakeHeads, turned
from tests.requests import request_of


def test_pictures_are_the_ones_that_the_window_shows() -> None:
    mask = np.full((256, 256), Region.SKIN, np.uint8)
    mask[100:150, 100:150] = Region.NOSE
    subject = head_quality.TestSubject(np.zeros((256, 256, 3), np.uint8), mask, StyleCode.zeros(), turned(5))
    bench = object.__new__(HeadQualityBench)  # a data set and a recogniser are not needed for a picture
    bench.engine = Engine("openvino-cpu", opener=lambda _: FakeGenerator(), heads=FakeHeads())
    with bench, Engine("openvino-cpu", opener=lambda _: FakeGenerator(), heads=FakeHeads()) as engine:
        for head in (turned(5), turned(17), turned(17, gamma=np.ones((9, 3)))):
            picture, drawn_on = bench.generated(subject, head)
            frame = engine.render(request_of(1, mask, subject.style, head=head, base_head=subject.head))
            np.testing.assert_array_equal(drawn_on, np.roll(mask, int(head.pose[0]) - 5, axis=1))
            np.testing.assert_array_equal(picture, frame.pixels)
            assert picture.any()


def test_disentanglement_is_the_product_of_the_ratios() -> None:
    spread = {"identity": 2.0, "expression": 1.0, "pose": 4.0, "light": 1.0}
    within = {varied: {other: [spread[other] * 0.5] * 2 for other in FACTORS} for varied in FACTORS}
    assert disentanglement(within, spread) == pytest.approx(dict.fromkeys(FACTORS, 1.0))
    within["pose"]["pose"] = [4.0, 12.0]  # twice as much as over the photographs, four times as much as the others
    assert disentanglement(within, spread)["pose"] == pytest.approx(4.0**3)
