import numpy as np
import pytest
import torch

from faceeditor.evaluation.measures import (
    change_outside,
    frechet_distance,
    mean_pairwise,
    psnr,
    raised_mouth,
    widened_hair,
)  # fmt: skip
from faceeditor.nets.recogniser import Recogniser, face_chips
from faceeditor.regions import Region, mask_fidelity


def test_mask_fidelity_of_equal_and_shifted_masks() -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[:128] = Region.SKIN
    assert mask_fidelity([mask], [mask])["pixel_accuracy"] == 1
    shifted = np.roll(mask, 64, 0)
    figures = mask_fidelity([shifted], [mask])
    assert figures["pixel_accuracy"] == 0.5
    assert figures["iou"]["Skin"] == pytest.approx(1 / 3)


def test_frechet_distance_grows_with_the_shift() -> None:
    random = np.random.default_rng(0)
    cloud = random.normal(size=(500, 5))
    assert frechet_distance(cloud, cloud) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(cloud, cloud + 2) == pytest.approx(20, rel=0.01)


def test_mean_pairwise_counts_every_pair() -> None:
    levels = [torch.tensor([[0.0], [1.0], [3.0]])]
    assert mean_pairwise(levels) == pytest.approx((1 + 3 + 2) / 3)


def test_edits_change_only_what_they_say() -> None:
    mask = np.full((256, 256), Region.BACKGROUND, np.uint8)
    mask[60:220, 60:200] = Region.SKIN
    mask[30:60, 60:200] = Region.HAIR
    mask[180:200, 100:150] = Region.U_LIP
    hair = widened_hair(mask)
    assert (hair == Region.HAIR).sum() > (mask == Region.HAIR).sum()
    assert ((hair != mask) <= (hair == Region.HAIR)).all()
    raised = raised_mouth(mask, 5)
    assert (raised[175:195, 100:150] == Region.U_LIP).all()
    assert (raised == Region.U_LIP).sum() == (mask == Region.U_LIP).sum()


def test_change_outside_and_psnr() -> None:
    before = np.zeros((64, 64, 3), np.uint8)
    after = before.copy()
    after[10:20, 10:20] = 100
    edited = np.zeros((64, 64), bool)
    edited[10:20, 10:20] = True
    assert change_outside(before, after, edited) == (100.0, 0.0)
    assert psnr(before, before) > 80 > psnr(before, after)


@torch.no_grad()
def test_recogniser_shapes_and_chips() -> None:
    net = Recogniser()
    frames = torch.eye(2, 3)[None].repeat(2, 1, 1)
    chips = face_chips(torch.rand(2, 3, 256, 256), frames)
    assert chips.shape == (2, 3, 150, 150)
    embedding, maps = net(chips)
    assert embedding.shape == (2, 128) and len(maps) == 4
