"""Recipes of faces: seeds, truncation, style mixing, walks."""

from pathlib import Path

import numpy as np
import pytest

from faceeditor.generators.imported.generator import ImportedGenerator
from faceeditor.generators.imported.recipe import COARSE, FINE, MIDDLE, Recipe, layers_of
from tests.generators.imported.official import MAPPING, STYLEGAN2, STYLEGAN3, random_network


def generator(config: dict = STYLEGAN2) -> ImportedGenerator:
    return ImportedGenerator("net", config["architecture"], config, random_network(config))


def test_mixing_takes_whole_groups_of_layers() -> None:
    synthesis = {"w_dim": 24, "resolution": 128, "colours": 3, "channels": (8,) * 6}
    made = generator({"architecture": "stylegan2", "mapping": MAPPING, "synthesis": synthesis})
    assert layers_of(made, frozenset({COARSE})) == [0, 1, 2]
    assert layers_of(made, frozenset({MIDDLE})) == [3, 4, 5, 6]
    assert layers_of(made, frozenset({FINE, COARSE})) == [0, 1, 2, 7, 8, 9, 10, 11]
    first, second = Recipe(1).ws(made), Recipe(2).ws(made)
    mixed = Recipe(1, other=2, bands=frozenset({FINE})).ws(made)
    assert np.array_equal(mixed[:7], first[:7]) and np.array_equal(mixed[7:], second[7:])


@pytest.mark.parametrize("config", [STYLEGAN2, STYLEGAN3])
def test_every_layer_is_in_one_group(config: dict) -> None:
    made = generator(config)
    groups = [layers_of(made, frozenset({band})) for band in (COARSE, MIDDLE, FINE)]
    assert all(groups) and groups[0] + groups[1] + groups[2] == list(range(made.num_ws))


def test_a_walk_begins_and_ends_at_its_seeds() -> None:
    made = generator()
    assert np.allclose(Recipe(1, other=2, share=0.0).ws(made), Recipe(1).ws(made))
    assert np.allclose(Recipe(1, other=2, share=1.0).ws(made), Recipe(2).ws(made), atol=1e-6)
    half = Recipe(1, other=2, share=0.5).ws(made)
    assert np.allclose(half, (Recipe(1).ws(made) + Recipe(2).ws(made)) / 2, atol=1e-5)


def test_drawing_can_be_stopped_between_layers() -> None:
    made = generator()
    seen: list[float] = []

    def stop(share: float) -> None:
        seen.append(share)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.draw(Recipe().ws(made), progress=stop)
    assert len(seen) == 2 and 0 <= seen[0] < seen[1] < 1


def test_grey_pictures_become_rgb(tmp_path: Path) -> None:
    config = {**STYLEGAN2, "synthesis": {**STYLEGAN2["synthesis"], "colours": 1}}
    made = generator(config)
    picture = made.draw(Recipe().ws(made))
    assert picture.shape == (16, 16, 3) and np.array_equal(picture[..., 0], picture[..., 2])


def test_groups_of_a_latent_are_taken_from_the_second_seed() -> None:
    mapping = {"groups": {"id": (0, (8, 12)), "pose": (8, (8, 12))}}
    config = {"architecture": "gan-control", "mapping": mapping, "synthesis": STYLEGAN2["synthesis"]}
    made = generator(config)
    first, second = Recipe(1).ws(made), Recipe(2).ws(made)
    mixed = Recipe(1, other=2, groups=frozenset({"pose"})).ws(made)
    assert np.allclose(mixed[:, :12], first[:, :12]) and np.allclose(mixed[:, 12:], second[:, 12:])
