"""The example that comes with the program."""

import numpy as np
import pytest

from faceeditor.generators.imported.generator import open_installed
from faceeditor.generators.imported.installed import installed


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("FACEEDITOR_MODELS", raising=False)
    monkeypatch.setenv("FACEEDITOR_GENERATORS", str(tmp_path))


def test_it_is_carried_and_draws_different_faces() -> None:
    assert [(entry.name, entry.carried) for entry in installed()] == [("small-faces", True)]
    generator = open_installed("small-faces")
    faces = np.array([generator.draw(generator.ws(generator.w(generator.z(seed)), 0.8)) for seed in range(6)], float)
    assert faces.shape == (6, 64, 64, 3)
    assert all(np.abs(faces[0] - other).mean() > 8 for other in faces[1:])
    # Eyes are darker than the cheeks below them, in every face.
    luma = faces.mean(-1)
    eyes, cheeks = luma[:, 28:32, 20:44].mean((1, 2)), luma[:, 36:40, 20:44].mean((1, 2))
    assert (eyes < cheeks).all()
