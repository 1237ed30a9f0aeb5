import numpy as np
import pytest
import torch

from faceeditor.evaluation.realism import mouth_window, pairwise, quarters
from faceeditor.regions import Region
from faceeditor.training.data import reduced
from tests.generators import tiny


def test_pairwise_distances_count_every_pair_once() -> None:
    assert sorted(pairwise(torch.tensor([[0.0], [1.0], [4.0]]))) == pytest.approx([1, 3, 4])


def test_quarters_hold_every_pixel_once() -> None:
    picture = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(1, 8, 8, 3)
    parts = quarters(picture)
    assert parts.shape == (4, 4, 4, 3)
    assert np.array_equal(np.vstack([np.hstack(list(parts[:2])), np.hstack(list(parts[2:]))]), picture[0])
    assert reduced(picture, 4).shape == (1, 4, 4, 3)


def test_the_window_around_a_mouth_stays_inside_the_picture() -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[246:252, 4:10] = Region.MOUTH
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[192:, :64] = 255
    assert mouth_window(picture, mask).min() == 255


def test_without_detail_keeps_the_vectors() -> None:
    code = tiny.random_style()
    plain = code.without_detail()
    assert not plain.detail.any() and np.array_equal(plain.regions, code.regions) and plain.label == code.label
