"""The maps in torch agree with those of the z-buffer in numba, and have gradients."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from faceeditor.head import light  # noqa: E402
from faceeditor.head.camera import camera  # noqa: E402
from faceeditor.head.maps import render_maps  # noqa: E402
from faceeditor.head.model import HeadModel  # noqa: E402
from faceeditor.head.torch_raster import TorchHead  # noqa: E402
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients, LightRig  # noqa: E402


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


@pytest.fixture(scope="module")
def torch_head(model: HeadModel) -> TorchHead:
    return TorchHead(model)


@pytest.fixture(scope="module")
def heads() -> list[HeadCoefficients]:
    random = np.random.default_rng(2)
    plain = HeadCoefficients.neutral().changed(gamma=light.rig_to_gamma(LightRig()))
    expression = plain.expression.copy()
    expression[EXPRESSIONS.index("jawOpen")] = 0.6
    expression[EXPRESSIONS.index("mouthSmile_L")] = 0.7
    other = plain.changed(
        shape=random.normal(0, 1, 24).clip(-2, 2), albedo=random.normal(0, 0.7, 32), expression=expression,
        gaze=(12, -7), pose=(28, -9, 6), gamma=light.rig_to_gamma(LightRig(-50, 30, colour=(1.0, 0.7, 0.5))),
    )  # fmt: skip
    return [plain, other]


def test_points_agree(model, torch_head, heads) -> None:
    points = torch_head.points(torch_head.coefficients(heads)).numpy()
    for head, found in zip(heads, points, strict=True):
        np.testing.assert_allclose(found, camera(model.vertices(head), head, model.neck_weight), atol=2e-3)


def test_maps_agree(model, torch_head, heads) -> None:
    found = torch_head.maps_of(heads, 128)
    for index, head in enumerate(heads):
        wanted = render_maps(model, head, 128)
        triangle, condition = found.triangle[index].numpy(), found.condition[index].numpy()
        both = (triangle >= 0) & (wanted.coverage > 0)
        assert both.sum() > 0.998 * (wanted.coverage > 0).sum() and both.sum() > 0.998 * (triangle >= 0).sum()
        assert (found.regions[index].numpy()[both] == wanted.regions[both]).mean() > 0.99
        same = both & (triangle == wanted.buffers.triangle)
        assert same.sum() > 0.98 * both.sum()
        assert np.abs(condition[6:9] - wanted.condition[6:9])[:, same].max() < 1e-2
        assert np.percentile(np.abs(condition[:3] - wanted.condition[:3])[:, same], 99.9) < 2 * 2 / 255
        np.testing.assert_allclose(condition[3:6][:, same], wanted.condition[3:6][:, same], atol=1e-2)
        np.testing.assert_allclose(found.uv[index].numpy()[same], wanted.uv[same], atol=1e-3)
        np.testing.assert_allclose(found.depth[index].numpy()[same], wanted.depth[same], rtol=1e-3)
        assert (condition[:, triangle < 0] == 0).all()


def test_gradients_are_those_of_small_changes(torch_head, heads) -> None:
    parts = torch_head.coefficients(heads[1:])
    iris = torch_head.irises(heads[1:])
    triangle = torch_head.maps_of(heads[1:], 64).triangle
    inner = torch.nn.functional.max_pool2d((triangle < 0).float()[:, None], 5, 1, 2) == 0
    weight = torch.linspace(0.5, 1.5, 64)[None, None, :, None] * inner

    def total(name: str, value: torch.Tensor) -> torch.Tensor:
        changed = {**parts, name: value}
        points = torch_head.points(changed)
        # Which triangle a pixel shows is held, as it is for the gradient.
        kept, torch_head.visible = torch_head.visible, lambda *_: triangle
        try:
            maps = torch_head.maps(points, changed["gamma"], torch_head.chart(changed["albedo"]), iris, 64)
        finally:
            torch_head.visible = kept
        return (maps.condition[:, 1:9] * weight).sum()

    steps = {"gamma": 1e-2, "albedo": 1e-2, "shape": 5e-3, "pose": 5e-3, "expression": 2e-3}
    for name, step in steps.items():
        value = parts[name].clone().requires_grad_(True)
        total(name, value).backward()
        assert value.grad is not None and torch.isfinite(value.grad).all()
        direction = torch.sign(value.grad)
        ahead = total(name, (value + step * direction).detach()) - total(name, (value - step * direction).detach())
        expected = float((value.grad * direction).sum())
        assert float(ahead) / (2 * step) == pytest.approx(expected, rel=0.12), name


def test_a_frontal_pose_has_gradients(torch_head, heads) -> None:
    parts = torch_head.coefficients(heads[:1])
    pose = parts["pose"].clone().requires_grad_(True)
    torch_head.points({**parts, "pose": pose}).square().mean().backward()
    assert pose.grad is not None and torch.isfinite(pose.grad).all()


def test_a_light_is_found_by_descent(torch_head, heads) -> None:
    parts = torch_head.coefficients(heads[1:])
    points, chart, iris = torch_head.points(parts), torch_head.chart(parts["albedo"]), torch_head.irises(heads[1:])
    wanted = torch_head.maps(points, parts["gamma"], chart, iris, 32).condition[:, :3]
    gamma = torch.zeros_like(parts["gamma"])
    gamma[:, 0] = 2.0
    gamma.requires_grad_(True)
    descent = torch.optim.Adam([gamma], 0.15)
    losses = []
    for _ in range(20):
        loss = (torch_head.maps(points, gamma, chart, iris, 32).condition[:, :3] - wanted).square().mean()
        descent.zero_grad()
        loss.backward()
        descent.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
