"""`faceeditor identity attribute` with the program's own models."""

import json

import numpy as np
import pytest

from faceeditor.cli import main
from faceeditor.images import open_picture


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Two drawn faces as photographs."""
    from faceeditor.export import write_picture
    from faceeditor.generators.mask_guided import MaskGuided
    from faceeditor.generators.style_prior import StylePrior
    from faceeditor.portrait.masks import sample_masks

    folder = tmp_path_factory.mktemp("faces")
    generator = MaskGuided("torch-cpu")
    paths = []
    for seed, sample in ((52, 0), (61, 1)):
        path = folder / f"{seed}.png"
        write_picture(path, generator.render(sample_masks()[sample].read(), StylePrior.load().draw(seed)))
        paths.append(path)
    generator.close()
    return paths


def test_hair_like_a_guide_s_into_a_picture_a_portrait_and_a_curve(faces, tmp_path, capsys):
    face, guide = faces
    out, curve = tmp_path / "out.png", tmp_path / "curve.csv"
    common = ["identity", "attribute", str(face), "--guide", str(guide), "--only", "hair", "--steps", "2"]
    common += ["--device", "torch-cpu"]
    assert main([*common, "-o", str(out), "--curve", str(curve), "--json"]) == 0
    printed = capsys.readouterr().out
    facts = json.loads(printed[printed.index("{") :])
    assert facts["steps"] == 2 and 0 < facts["identity distance"] <= 0.45 and facts["progress"] > 0.2
    assert open_picture(out).shape == (256, 256, 3)
    rows = curve.read_text().splitlines()
    assert len(rows) == 4 and rows[0].startswith("step,progress,distance")
    made = tmp_path / "out.fep"
    assert main([*common, "-o", str(made)]) == 0
    from faceeditor.portrait import store

    portrait = store.load(made)
    assert portrait.head is not None and np.isfinite(portrait.style.regions).all()


def test_bad_input_is_a_sentence(faces, tmp_path, capsys):
    flat = tmp_path / "flat.png"
    from faceeditor.export import write_picture

    write_picture(flat, np.full((256, 256, 3), 120, np.uint8))
    base = ["identity", "attribute", str(faces[0]), "--device", "torch-cpu"]
    for extra, told in (
        (["-o", str(tmp_path / "a.png"), "--guide", str(flat)], "No face"),
        (["-o", str(tmp_path / "a.fep"), "--mode", "pixels"], "no portrait"),
        (["-o", str(tmp_path / "a.xyz")], "xyz"),
    ):
        assert main([*base, *extra]) == 1
        assert told in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()
