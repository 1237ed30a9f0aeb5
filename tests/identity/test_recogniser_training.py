"""Training of a small recogniser: it learns people, goes on after a stop, and shares its work among processes."""

import json
import socket
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from faceeditor.errors import FaceEditorError
from faceeditor.identity.recogniser_training import Trainer, TrainingOptions, embeddings_of, split_people
from faceeditor.identity.verification import People
from faceeditor.nets.mobile_face import CosFace, MobileFace

FRAME = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
OPTIONS = TrainingOptions(epochs=4, batch=16, rate=0.05, width=0.125, side=32)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Twelve people who are patterns of stripes, eight noisy pictures of each."""
    folder = tmp_path_factory.mktemp("people")
    paths, persons = [], []
    for person in range(12):
        random = np.random.default_rng(person)
        angle, width = random.uniform(0, np.pi), random.uniform(6, 20)
        y, x = np.mgrid[0:64, 0:64]
        plane = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 6.28 / width)
        colour = random.uniform(0.3, 1, 3)
        for number in range(8):
            noise = random.normal(0, 15, (64, 64, 3))
            picture = np.clip(128 + 80 * plane[..., None] * colour + noise, 0, 255).astype(np.uint8)
            paths.append(folder / f"{person}-{number}.png")
            cv2.imwrite(str(paths[-1]), picture)
            persons.append(person)
    count = len(paths)
    return People(paths, np.array(persons), ["head"] * count, np.ones(count, np.int64), np.zeros((count, 128)),
                  np.repeat(FRAME[None], count, 0))  # fmt: skip


def test_margin_makes_the_loss_larger_for_the_right_person():
    torch.manual_seed(0)
    vectors, persons = torch.randn(6, 128), torch.arange(6)
    plain, strict = CosFace(6, margin=0.0), CosFace(6, margin=0.35)
    strict.load_state_dict(plain.state_dict())
    assert strict(vectors, persons) > plain(vectors, persons)
    cosines = torch.nn.functional.normalize(vectors) @ torch.nn.functional.normalize(plain.centres).T
    wanted = torch.nn.functional.cross_entropy(64 * (cosines - 0.35 * torch.eye(6)), persons)
    assert torch.allclose(strict(vectors, persons), wanted, atol=1e-4)


def test_published_size():
    assert 0.9e6 < sum(p.numel() for p in MobileFace().parameters()) < 1.1e6


def test_people_are_learnt_and_shuffled_labels_are_not(people, tmp_path):
    seen, unseen = split_people(people, 0.25)
    # A quarter would begin at person 9, whom a data set with both sides draws from the same boundary as person 8.
    assert set(seen.persons) == set(range(8)) and set(unseen.persons) == {8, 9, 10, 11}
    said = {False: [], True: []}
    for shuffled, lines in said.items():
        Trainer(seen, replace(OPTIONS, epochs=12, shuffled=shuffled), tmp_path, lines.append).run()
    learnt, control = ([float(line.split()[-1]) for line in lines] for lines in said.values())
    assert len(learnt) == 12
    assert learnt[-1] < 0.8 * learnt[0] and learnt[-1] < 0.9 * control[-1]


def test_a_stopped_training_goes_on(people, tmp_path):
    whole = Trainer(people, OPTIONS, tmp_path / "whole", lambda text: None).run()

    class StopError(Exception):
        pass

    def say(text):
        if text.startswith("epoch 2 "):
            raise StopError

    with pytest.raises(StopError):
        Trainer(people, OPTIONS, tmp_path / "stopped", say).run()
    again = Trainer(people, OPTIONS, tmp_path / "stopped", lambda text: None)
    assert again.epoch == 2
    resumed = again.run()
    for ours, theirs in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.allclose(ours.float(), theirs.float(), atol=1e-5)


def test_a_state_of_another_training_is_refused(people, tmp_path):
    Trainer(people, replace(OPTIONS, epochs=1), tmp_path, lambda text: None).run()
    with pytest.raises(FaceEditorError, match="another training"):
        Trainer(people, replace(OPTIONS, seed=5), tmp_path, lambda text: None)
    (tmp_path / "state.safetensors").write_bytes(b"nothing")
    with pytest.raises(FaceEditorError, match="delete it"):
        Trainer(people, OPTIONS, tmp_path, lambda text: None)


def test_embeddings_have_unit_length_and_do_not_mind_mirrors():
    torch.manual_seed(0)
    chips = list(np.random.default_rng(0).integers(0, 255, (3, 32, 32, 3), np.uint8))
    vectors = embeddings_of(MobileFace(width=0.125, side=32), [*chips, chips[0][:, ::-1].copy()])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[0], vectors[3], atol=1e-5)


def test_bad_options_and_too_few_people(people):
    for wrong in ({"epochs": 0}, {"rate": 2.0}, {"width": 9.0}, {"side": 50}):
        with pytest.raises(FaceEditorError):
            TrainingOptions(**wrong)
    with pytest.raises(FaceEditorError, match="too few"):
        split_people(people.of(np.flatnonzero(people.persons < 3)))


def test_two_processes_train_one_network(tmp_path):
    """As torchrun starts them: both end with the same weights, and each sees its half of every step."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = """
import json, os, sys, numpy as np, torch
from pathlib import Path
from unittest import mock
from faceeditor.identity import recogniser_training as t
from faceeditor.identity.verification import People
seen = []
def chip(path, frame, side):
    seen.append(int(path.name))
    return np.full((side, side, 3), (int(path.name) * 37) % 255, np.uint8)
with mock.patch.object(t, "read_chip", chip):
    n = 32
    people = People([Path(str(i)) for i in range(n)], np.arange(n) % 4, [], np.ones(n), np.zeros((n, 128)), np.zeros((n, 2, 3)))
    t.begin_processes()
    trainer = t.Trainer(people, t.TrainingOptions(epochs=1, batch=16, width=0.125, side=32), Path(sys.argv[1]), print)
    net = trainer.run()
    total = float(sum(p.double().abs().sum() for p in [*net.parameters(), trainer.loss.centres]))
    Path(sys.argv[1], f"rank{trainer.rank}.json").write_text(json.dumps([sorted(seen), total]))
    t.end_processes()
"""  # noqa: E501
    import os

    runs = []
    for rank in range(2):
        told = {"RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "LOCAL_RANK": rank}
        environment = os.environ | {name: str(value) for name, value in told.items()} | {"CUDA_VISIBLE_DEVICES": ""}
        runs.append(subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=environment))
    assert [run.wait(200) for run in runs] == [0, 0]
    (mine, a), (theirs, b) = (json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in range(2))
    assert sorted(mine + theirs) == list(range(32)) and len(mine) == len(theirs) == 16
    assert a == pytest.approx(b, rel=1e-6)
