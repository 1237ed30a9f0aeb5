"""Verification figures, against distributions whose figures are known."""

import numpy as np
import pytest

from faceeditor.cli import main
from faceeditor.errors import FaceEditorError
from faceeditor.identity.det_plot import det_plot
from faceeditor.identity.verification import best_accuracy, curve, figures, load_people, pair_distances
from faceeditor.images import open_picture
from tests.identity.test_dataset import PLAN, made


def normal(mean, spread, count=40_000, seed=0):
    return np.random.default_rng(seed).normal(mean, spread, count)


def test_figures_of_two_normal_distributions():
    found = figures(normal(0.4, 0.1), normal(0.8, 0.1, seed=1))
    assert found["d'"] == pytest.approx(4.0, rel=0.02)
    assert found["FDR"] == pytest.approx(8.0, rel=0.03)
    assert found["EER"] == pytest.approx(0.02275, abs=0.002)  # the normal tail beyond two deviations
    assert found["EER threshold"] == pytest.approx(0.6, abs=0.01)
    assert found["FMR100"] == pytest.approx(0.0473, abs=0.006)  # P(x > 0.8 - 2.326 * 0.1)
    assert found["genuine below 0.6"] == pytest.approx(0.977, abs=0.003)
    assert found["FMR1000"] > found["FMR100"]


def test_pairs_that_cannot_be_told_apart():
    found = figures(normal(0.5, 0.1), normal(0.5, 0.1, seed=1))
    assert found["EER"] == pytest.approx(0.5, abs=0.01) and found["FDR"] < 0.01
    assert best_accuracy(normal(0.5, 0.1), normal(0.5, 0.1, seed=1)) < 0.52
    assert best_accuracy(np.array([0.1, 0.2]), np.array([0.3, 0.4])) == 1.0


def test_every_pair_is_counted_once():
    embeddings = np.arange(6, dtype=np.float32)[:, None]
    genuine, impostor = pair_distances(embeddings, np.array([0, 0, 0, 1, 1, 2]))
    assert sorted(genuine) == [1, 1, 1, 2] and len(impostor) == 15 - 4


def test_one_person_is_not_enough():
    with pytest.raises(FaceEditorError, match="two people"):
        figures(*pair_distances(np.zeros((3, 2), np.float32), np.zeros(3, np.int64)))


def test_a_better_recogniser_has_a_lower_curve():
    good, bad = (curve(normal(0.4, 0.1), normal(mean, 0.1, seed=1)) for mean in (0.9, 0.5))
    alone, both = det_plot({"good": good}), det_plot({"good": good, "bad": bad})
    assert alone.shape == (820, 900, 3) and (alone != both).any(2).sum() > 500


def test_evaluate_on_the_command_line(tmp_path, capsys):
    made(tmp_path / "set", PLAN)
    plot, figures_file = tmp_path / "det.png", tmp_path / "figures.json"
    assert main(["identity", "evaluate", str(tmp_path / "set"), "--plot", str(plot), "--json", str(figures_file)]) == 0
    assert "EER" in capsys.readouterr().out
    assert open_picture(plot).shape == (820, 900, 3) and '"FDR"' in figures_file.read_text()
    assert main(["identity", "evaluate", str(tmp_path)]) == 1
    assert "no data set of people" in capsys.readouterr().err
    damaged = next((tmp_path / "set" / "shards").iterdir()) / "vectors.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:90])
    with pytest.raises(FaceEditorError, match="is damaged; delete it"):
        load_people(tmp_path / "set")
