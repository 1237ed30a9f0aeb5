"""The photometric loss vanishes at the coefficients that a picture was rendered from, and leads there."""

import numpy as np
import pytest
import torch
from torch import Tensor

from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.training.photometric import COMPARED, Photometric

Heads = dict[str, Tensor]


@pytest.fixture(scope="module")
def photometric() -> Photometric:
    return Photometric("cpu")


@pytest.fixture(scope="module")
def scene(photometric: Photometric) -> tuple[Heads, Tensor, Tensor]:
    """Two heads with their renderings by `maps`, which shares no code with the loss, and the skin in these."""
    random = np.random.default_rng(3)
    heads = [
        HeadCoefficients.neutral().changed(
            shape=random.normal(size=24) * 0.4, albedo=random.normal(size=32) * 0.6, pose=pose,
            gamma=HeadCoefficients.neutral().gamma * 0.8 + random.normal(size=(9, 3)) * 0.15,
        )
        for pose in ((12, -4, 3), (-28, 5, -6))
    ]  # fmt: skip
    maps = [render_maps(HeadModel.load(), head, 128) for head in heads]
    pictures = torch.from_numpy(np.stack([one.condition[:3] for one in maps]))
    skin = torch.from_numpy(np.stack([np.isin(one.regions, COMPARED) for one in maps]).astype(np.uint8))
    return photometric.head.coefficients(heads), pictures, skin


def changed(heads: Heads, part: str, by: float, index: tuple[int, ...] = ()) -> Heads:
    new = {name: value.clone() for name, value in heads.items()}
    new[part][(slice(None), *index)] += by
    return new


def test_exact_coefficients_leave_next_to_nothing(
    photometric: Photometric, scene: tuple[Heads, Tensor, Tensor]
) -> None:
    heads, pictures, skin = scene
    off, where = photometric.differences(heads, pictures, skin)
    # Pixels of the rendering are points, those of the picture are areas: they differ where the skin changes fast.
    assert float(off[where].mean()) < 0.006
    assert int(where.sum()) > 1000
    assert float(photometric.loss(heads, pictures, skin)) < 0.1


@pytest.mark.parametrize(
    ("part", "by", "index"),
    [("gamma", 0.4, (0,)), ("gamma", 0.3, (3,)), ("albedo", 1.0, ()), ("pose", 12.0, (0,)), ("shape", 1.5, ())],
)
def test_wrong_coefficients_cost(
    photometric: Photometric, scene: tuple[Heads, Tensor, Tensor], part: str, by: float, index: tuple[int, ...]
) -> None:
    heads, pictures, skin = scene
    right, wrong = (
        photometric.loss(heads, pictures, skin),
        photometric.loss(changed(heads, part, by, index), *scene[1:]),
    )
    assert float(wrong) > 2 * float(right) + 0.05
    errors = photometric.errors(changed(heads, part, by, index), pictures, skin)
    assert (errors > photometric.errors(heads, pictures, skin)).all()


def test_gradient_leads_the_light_to_the_truth(photometric: Photometric, scene: tuple[Heads, Tensor, Tensor]) -> None:
    heads, pictures, skin = scene
    # The light's other terms look alike on a face; left against right does not.
    start = changed(heads, "gamma", 0.3, (3,))
    gamma = start["gamma"].requires_grad_()
    optimiser = torch.optim.Adam([gamma], lr=0.02)
    values, away = [], []
    for _ in range(20):
        loss = photometric.loss({**start, "gamma": gamma}, pictures, skin)
        values.append(float(loss.detach()))
        away.append(float((gamma.detach() - heads["gamma"]).norm()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert values[-1] < 0.5 * values[0]
    assert away[-1] < 0.75 * away[0]


@pytest.mark.parametrize(("part", "by", "index"), [("pose", 5.0, (0,)), ("albedo", 0.8, (0,)), ("pose", -5.0, (1,))])
def test_gradient_points_away_from_the_truth(
    photometric: Photometric, scene: tuple[Heads, Tensor, Tensor], part: str, by: float, index: tuple[int, ...]
) -> None:
    heads, pictures, skin = scene
    wrong = changed(heads, part, by, index)
    value = wrong[part].requires_grad_()
    photometric.loss(wrong, pictures, skin).backward()
    assert value.grad is not None
    assert ((value.grad * (value.detach() - heads[part])).flatten(1).sum(1) > 0).all()


def test_covered_skin_is_not_compared_and_shine_counts_little(
    photometric: Photometric, scene: tuple[Heads, Tensor, Tensor]
) -> None:
    heads, pictures, skin = scene
    covered, open_skin = pictures.clone(), skin.clone()
    covered[:, :, 60:80, 50:80] = -1.0
    open_skin[:, 60:80, 50:80] = 0
    clean = float(photometric.loss(heads, pictures, open_skin))
    assert float(photometric.loss(heads, covered, open_skin)) == pytest.approx(clean, abs=1e-6)
    shiny = pictures.clone()
    shiny[:, :, 66:74, 58:66] = 1.0
    off, where = photometric.differences(heads, shiny, skin)
    robust = float(photometric.loss(heads, shiny, skin) - photometric.loss(heads, pictures, skin))
    before = photometric.differences(heads, pictures, skin)[0]
    plain = float((((off - before) * where).sum((1, 2)) / where.sum((1, 2))).mean()) / 0.06
    assert 0 < robust < 0.75 * plain


def test_nothing_to_compare_is_zero_and_no_number_is_left_out(
    photometric: Photometric, scene: tuple[Heads, Tensor, Tensor]
) -> None:
    heads, pictures, skin = scene
    assert float(photometric.loss(heads, pictures, torch.zeros_like(skin))) == 0.0
    assert photometric.errors(heads, pictures, torch.zeros_like(skin)).isnan().all()
    # The picture's skin lies where the head is not.
    corner = torch.zeros_like(skin)
    corner[:, :20, :20] = 1
    gamma = heads["gamma"].clone().requires_grad_()
    loss = photometric.loss({**heads, "gamma": gamma}, pictures, corner)
    loss.backward()
    assert float(loss.detach()) == 0.0 and gamma.grad is not None and (gamma.grad == 0).all()
    # A face without numbers, or without a head, leaves the other's loss as it is.
    alone = photometric.loss({name: value[:1] for name, value in heads.items()}, pictures[:1], skin[:1])
    for bad in (torch.nan, torch.inf, 1e9):
        broken = {name: value.clone() for name, value in heads.items()}
        broken["shape"][1, 4] = bad
        assert float(photometric.loss(broken, pictures, skin)) == pytest.approx(float(alone))
        assert photometric.errors(broken, pictures, skin).isnan().tolist() == [False, True]


def test_only_so_many_faces_are_compared(photometric: Photometric, scene: tuple[Heads, Tensor, Tensor]) -> None:
    heads, pictures, skin = scene
    wrong = changed(heads, "gamma", 0.4, (0,))
    mixed = {name: torch.stack([heads[name][0], wrong[name][1]]) for name in heads}
    first = photometric.loss(mixed, pictures, skin, 1)
    assert float(first) < 0.1 < float(photometric.loss(mixed, pictures, skin))
    skin = skin.clone()
    skin[0] = 0
    assert float(photometric.loss(mixed, pictures, skin, 1)) > 0.1, "faces without skin take no one's place"
