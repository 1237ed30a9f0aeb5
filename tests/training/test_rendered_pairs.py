"""Renderings of one person in two states, and the flag that tells them from photographs."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from faceeditor.head.model import HeadModel
from faceeditor.nets.mask_guided import Codes, Window
from faceeditor.training.data import load_faces
from faceeditor.training.head_changes import FACTORS, FittedFaces
from faceeditor.training.plan import Part
from faceeditor.training.rendered_pairs import Domain, PairedBatch, RenderedPair, rendered_pair
from faceeditor.training.stages import Stage
from faceeditor.training.trainer import Trainer


def pair(factor: str, seed: int = 4) -> RenderedPair:
    return rendered_pair(HeadModel.load(), np.random.default_rng(seed), factor)


@pytest.mark.parametrize("factor", FACTORS)
def test_a_pair_shows_one_person_twice(factor: str) -> None:
    drawn = pair(factor)
    changed = drawn.changed
    assert drawn.picture.shape == changed.target.shape == (128, 128, 3)
    assert drawn.mask.shape == changed.mask.shape == (256, 256) and changed.maps.shape == (10, 128, 128)
    assert np.array_equal(drawn.mask, changed.mask) == (factor == "light")
    assert (changed.gain != 1).any() == (factor in ("light", "identity", "all"))
    assert np.abs(drawn.picture.astype(int) - changed.target).mean() > 0.1
    # What is behind both is the same.
    corner = (slice(0, 6), slice(0, 6))
    assert np.array_equal(drawn.picture[corner], changed.target[corner])


def test_equal_chances_give_equal_pairs() -> None:
    first, second = pair("all"), pair("all")
    assert np.array_equal(first.changed.target, second.changed.target)
    assert np.array_equal(first.changed.maps, second.changed.maps)


def test_the_loss_is_zero_for_the_renderings_alone() -> None:
    batch = PairedBatch([pair("pose"), pair("light", 5)], 128, torch.device("cpu"), torch.float32)
    assert len(batch) == 2 and batch.planes.shape == (2, 19, 128, 128)
    assert batch.loss(batch.changes.target).item() == 0
    assert batch.loss(batch.pictures).item() > 0.01


def test_relighting_brings_the_first_rendering_nearer_to_the_second() -> None:
    batch = PairedBatch([pair("light", seed) for seed in range(3)], 128, torch.device("cpu"), torch.float32)
    assert batch.loss(batch.changes.relit(batch.pictures)) < 0.8 * batch.loss(batch.pictures)


def test_the_flag_moves_codes_and_learns() -> None:
    codes = Codes(torch.randn(2, 19, 32), torch.randn(2, 64), torch.randn(2, 8, 16, 16))
    domain = Domain()
    same = domain(codes)
    assert torch.equal(same.regions, codes.regions) and torch.equal(same.detail, codes.detail)
    same.overall.sum().backward()
    assert domain.overall.grad is not None and (domain.overall.grad == 2).all()


def test_a_step_that_draws_windows_has_no_heads(fitted_heads: Path, faces_folder: Path) -> None:
    fitted = FittedFaces(load_faces(faces_folder, "train"), fitted_heads, HeadModel.load())
    with ThreadPoolExecutor(1) as maker:
        trainer: Any = SimpleNamespace(random=np.random.default_rng(1), fitted=fitted, _preparation=maker)
        windows = Stage(256, 100, 4, 128, also=128, heads=2, pairs=1)
        whole = windows.companion()
        assert whole is not None and whole.window == whole.size == 128
        plan = Trainer.plan(trainer, windows, Part(Window(0, 0, 128)), fitted.usable[:4])
        assert plan.changed is None and plan.pairs is None and not len(plan.places)
        plan = Trainer.plan(trainer, whole, Part(), fitted.usable[:4])
        assert plan.changed is not None and len(plan.changed.result()) == 2
        assert plan.pairs is not None and len(plan.pairs.result()) == 1
