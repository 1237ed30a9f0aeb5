"""Random heads and looks: plausible, wide enough, the same for the same seed."""

from pathlib import Path

import numpy as np
import pytest

from faceeditor.errors import ModelError
from faceeditor.head import light
from faceeditor.head.model import HeadModel, lids_follow
from faceeditor.head.samples import load_table, pose_terms, sample_head, sample_look
from faceeditor.packs import write_pack
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients
from faceeditor.training.head_build_samples import fit_samples, mixture


@pytest.fixture(scope="module")
def heads() -> list[HeadCoefficients]:
    random = np.random.default_rng(4)
    return [sample_head(random) for _ in range(300)]


def test_equal_seeds_give_equal_heads() -> None:
    one, other, third = (sample_head(np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert one.key == other.key != third.key


def test_identities_are_of_unit_spread(heads) -> None:
    shape = np.stack([head.shape for head in heads])
    assert np.abs(shape).max() <= 2.0
    assert 0.8 < shape.std() < 1.0 and abs(shape.mean()) < 0.05
    assert 0.6 < np.stack([head.albedo for head in heads]).std() < 0.9


def test_poses_are_wide_and_even(heads) -> None:
    pose = np.stack([head.pose for head in heads])
    assert (np.abs(pose[:, 0]) > 35).mean() > 0.08 and (np.abs(pose[:, 0]) < 15).mean() > 0.3
    assert abs(pose[:, 0].mean()) < 5
    place = np.stack([head.position for head in heads])
    assert -120 < place[:, 2].mean() < -95


def test_expressions_show_smiles_open_mouths_and_closed_eyes(heads) -> None:
    expression = np.stack([head.expression for head in heads])
    for name, often in (("mouthSmile_L", 0.05), ("jawOpen", 0.05), ("eyeBlink_L", 0.01), ("browInnerUp_L", 0.02)):
        assert (expression[:, EXPRESSIONS.index(name)] > 0.4).mean() > often, name
    left, right = (expression[:, EXPRESSIONS.index(f"mouthSmile_{side}")] for side in "LR")
    assert np.corrcoef(left, right)[0, 1] > 0.7


def test_lids_follow_the_gaze(heads) -> None:
    for head in heads[:20]:
        assert np.array_equal(head.expression, lids_follow(head).expression)


def test_lights_are_of_usual_brightness_and_come_from_everywhere(heads) -> None:
    level = np.array([light.brightness(head.gamma) for head in heads])
    assert level.min() > 0.1 and level.max() < 2.0 and 0.4 < np.median(level) < 0.9
    side = np.array([head.gamma[3].mean() for head in heads])
    assert (side > 0.2).mean() > 0.1 and (side < -0.2).mean() > 0.1
    lamps = [head for head in heads if head.rig is not None]
    assert 0.3 < len(lamps) / len(heads) < 0.7
    np.testing.assert_allclose(lamps[0].gamma, light.rig_to_gamma(lamps[0].rig), atol=1e-5)


def test_looks_are_many() -> None:
    model = HeadModel.load()
    random = np.random.default_rng(1)
    looks = [sample_look(random, model) for _ in range(120)]
    assert {look.hair for look in looks} >= {*model.hair, None}
    for look in looks:
        for colour in (look.hair_colour, look.cloth_colour, look.background.top, look.background.bottom):
            assert len(colour) == 3 and all(0 <= value <= 1 for value in colour)


def test_a_missing_or_damaged_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        load_table(tmp_path)
    write_pack(tmp_path, "head-samples", "samples", "1", {"samples.safetensors": {"pose_mean": np.zeros((2, 3))}}, {})
    with pytest.raises(ModelError, match="lacks"):
        load_table(tmp_path)


def test_a_mixture_finds_two_heaps() -> None:
    random = np.random.default_rng(0)
    data = np.concatenate([random.normal((-4, 0), 0.5, (300, 2)), random.normal((4, 2), 1.0, (100, 2))])
    weights, means, covariances = mixture(data, 2, random)
    order = means[:, 0].argsort()
    np.testing.assert_allclose(weights[order], [0.75, 0.25], atol=0.05)
    np.testing.assert_allclose(means[order], [[-4, 0], [4, 2]], atol=0.4)
    assert (np.linalg.eigvalsh(covariances) > 0).all()


def test_the_table_is_learnt_from_photographs_and_their_mirror_images() -> None:
    random = np.random.default_rng(0)
    count = 60
    pose = random.normal((10, -4, 0), (15, 8, 2), (count, 3))
    place = np.stack([0.02 * pose[:, 0], -2.4 + 0.01 * pose[:, 1], -105 + random.normal(0, 3, count)], 1)
    gamma = random.normal(0, 0.2, (count, 9, 3))
    gamma[:, 0] += 2.3
    photographs = {
        "expression": random.uniform(0, 0.5, (count, 55)), "gaze": random.normal(0, 8, (count, 2)), "pose": pose,
        "position": place, "gamma": gamma, "ok": np.ones(count, bool), "ok_light": np.ones(count, bool),
    }  # fmt: skip
    table = fit_samples(photographs)
    assert abs((table["pose_weight"] @ table["pose_mean"])[0]) < 1e-3
    found = pose_terms(np.array([20.0, 0.0, 0.0])) @ table["place_of_pose"]
    assert found[0] == pytest.approx(0.4, abs=0.1) and np.exp(found[2]) == pytest.approx(105, abs=3)
    assert sum(values.nbytes for values in table.values()) < 60_000
