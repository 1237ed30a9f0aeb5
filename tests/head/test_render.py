"""The plain renderer: hair, eyes, light, masks and backdrops."""

import threading

import numpy as np
import pytest

from faceeditor.errors import PortraitError
from faceeditor.head import light
from faceeditor.head.model import HeadModel
from faceeditor.head.render import CROPPED, Backdrop, Look, render_head, render_scene
from faceeditor.portrait.head import HeadCoefficients, LightRig
from faceeditor.regions import Region


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


@pytest.fixture(scope="module")
def head() -> HeadCoefficients:
    rig = LightRig()
    return HeadCoefficients.neutral().changed(gamma=light.rig_to_gamma(rig), rig=rig)


GREEN = Backdrop((0.1, 0.9, 0.1), (0.1, 0.9, 0.1))


def test_a_picture_and_the_mask_of_what_it_shows(model, head) -> None:
    scene = render_scene(model, head, Look(background=GREEN), 128, 2)
    assert scene.picture.shape == (128, 128, 3) and scene.picture.dtype == np.uint8
    assert scene.regions.shape == (128, 128) and scene.maps.condition.shape == (10, 128, 128)
    behind = scene.regions == Region.BACKGROUND
    assert np.abs(scene.picture[behind].astype(int) - (26, 230, 26)).max() < 120
    assert np.median(np.abs(scene.picture[behind].astype(int) - (26, 230, 26))) <= 1
    # A bald head has a scalp of skin, and otherwise the model's regions.
    assert not (scene.regions == Region.HAIR).any()
    scalp = scene.maps.regions == Region.HAIR
    wanted = np.where(scalp, Region.SKIN, scene.maps.regions)
    assert (scene.regions == wanted).mean() > 0.98


def test_every_hair_style_covers_the_head(model, head) -> None:
    assert model.hair
    for style in [*model.hair, CROPPED]:
        scene = render_scene(model, head, Look(hair=style, hair_colour=(0.8, 0.1, 0.7), background=GREEN), 96, 2)
        hair = scene.regions == Region.HAIR
        assert hair.sum() > 250, style
        red, green, blue = scene.picture[hair].mean(0)
        assert red > green + 15 and blue > green + 10, style
        nose = scene.maps.regions == Region.NOSE
        assert (scene.regions[nose] == Region.NOSE).mean() > 0.9, style


def test_hair_stands_out_from_the_skull(model, head) -> None:
    bald = render_scene(model, head, Look(), 96, 1).regions
    hairy = render_scene(model, head, Look(hair=sorted(model.hair)[0]), 96, 1).regions
    assert (hairy != Region.BACKGROUND).sum() > (bald != Region.BACKGROUND).sum() + 100


def test_an_unknown_style_is_told(model, head) -> None:
    with pytest.raises(PortraitError, match="mohawk"):
        render_head(model, head, 64, hair="mohawk")


def test_the_glint_follows_the_key(model, head) -> None:
    places = []
    for azimuth in (-35, 35):
        rig = LightRig(azimuth, 15, softness=0.2)
        lit = head.changed(gamma=light.rig_to_gamma(rig), rig=rig)
        scene = render_scene(model, lit, Look(), 256, 2)
        rows, columns = np.nonzero(scene.regions == Region.L_EYE)
        # Only the dark pupil and iris: there a glint is the brightest.
        tone = scene.picture[rows, columns].min(1).astype(int)
        middle = (columns > np.percentile(columns, 30)) & (columns < np.percentile(columns, 70))
        brightest = np.where(middle, tone, 0).argmax()
        places.append(columns[brightest])
    assert places[0] < places[1]


def test_oily_skin_shines(model, head) -> None:
    rig = LightRig(10, 30, softness=0.1)
    lit = head.changed(gamma=light.rig_to_gamma(rig), rig=rig)
    matt, oily = (render_head(model, lit, 128, oil=oil).astype(int) for oil in (0.0, 1.0))
    gain = oily - matt
    assert gain.max() > 25 and gain.mean() > 0


def test_colours_are_taken(model, head) -> None:
    scene = render_scene(model, head, Look(cloth_colour=(0.1, 0.1, 0.8), iris=(0.1, 0.3, 0.8)), 192, 1)
    cloth = scene.picture[scene.regions == Region.CLOTH]
    assert len(cloth) and cloth[:, 2].mean() > 2 * cloth[:, 0].mean()
    plain = render_scene(model, head, Look(iris=(0.3, 0.15, 0.05)), 192, 1)
    eye = scene.regions == Region.L_EYE
    assert scene.picture[eye][:, 2].mean() > plain.picture[eye][:, 2].mean() + 3


def test_equal_seeds_give_equal_pictures(model, head) -> None:
    look = {"hair": CROPPED, "seed": 5, "background": Backdrop(blobs=5, seed=2)}
    first = render_head(model, head, 64, **look)
    render_head(model, head, 96, hair=None)
    assert np.array_equal(render_head(model, head, 64, **look), first)
    assert not np.array_equal(render_head(model, head, 64, **{**look, "seed": 6}), first)


def test_a_backdrop_has_its_colours() -> None:
    drawn = Backdrop((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)).draw(32)
    assert drawn[0, 0, 0] > 0.95 and drawn[-1, 0, 2] > 0.95 and drawn.min() >= 0 and drawn.max() <= 1
    assert not np.array_equal(Backdrop(blobs=4, seed=1).draw(32), Backdrop(blobs=4, seed=2).draw(32))


def test_extreme_heads_can_be_drawn(model, head) -> None:
    for yaw in (-75, 75):
        wild = head.changed(
            pose=(yaw, 60, -60), shape=np.full(24, 6.0), albedo=np.full(32, -6.0), expression=np.ones(55),
            gamma=np.full((9, 3), 30.0), gaze=(45, -35), position=(30, -30, -45),
        )  # fmt: skip
        assert render_head(model, wild, 64, hair=sorted(model.hair)[-1]).shape == (64, 64, 3)
    dark = head.changed(gamma=np.zeros((9, 3)))
    assert render_scene(model, dark, Look(), 64, 1).picture[30, 32].max() < 60


def test_threads_do_not_disturb_each_other(model, head) -> None:
    looks = [Look(hair=CROPPED), Look(hair=sorted(model.hair)[0])]
    wanted = [render_scene(model, head, look, 64, 1).picture for look in looks]
    wrong: list[int] = []

    def draw(index: int) -> None:
        for _ in range(4):
            if not np.array_equal(render_scene(model, head, looks[index], 64, 1).picture, wanted[index]):
                wrong.append(index)

    threads = [threading.Thread(target=draw, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
