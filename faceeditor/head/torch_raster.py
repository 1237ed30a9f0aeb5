"""The condition maps in torch, on any device: the same as `maps`, for many heads at once, and differentiable.

Which triangle a pixel shows is decided without gradient; where on it the pixel lies is computed again from the
vertices, so that positions, normals, albedo and light have gradients and outlines have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from faceeditor.head.camera import FOCAL, NECK_JOINT, PIVOT
from faceeditor.head.light import DARKEST, SH_CONSTANTS
from faceeditor.head.maps import CONDITION_PLANES, PART_COLOURS, PUPIL, SCLERA, drawn_sides
from faceeditor.head.model import ALBEDO_SIZE, EYE_CHART, IRIS_ANGLE, JAW_SHAPES, PUPIL_ANGLE, HeadModel, Part
from faceeditor.head.raster import NONE
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients

PARTS = ("shape", "expression", "gaze", "pose", "position", "albedo", "gamma")
"""Coefficients of a batch of heads, each (B, ...), as in `HeadCoefficients`."""
_EYES = (Part.EYE_LEFT, Part.EYE_RIGHT)


@dataclass(frozen=True, eq=False)
class TorchMaps:
    """Condition maps of B heads, as `maps.HeadMaps`.

    condition: (B, 10, S, S). regions: (B, S, S) uint8. uv: (B, S, S, 2). depth: (B, S, S) inverse depth in 1/cm.
    triangle: (B, S, S) int64, -1 where there is no head.
    """

    condition: Tensor
    regions: Tensor
    uv: Tensor
    depth: Tensor
    triangle: Tensor


class TorchHead:
    """A head model's arrays on a device, and the way from coefficients to maps."""

    def __init__(self, model: HeadModel, device: str | torch.device = "cpu") -> None:
        """Args: model: the head; device: where its arrays lie and everything is computed."""
        self.model, self.device = model, torch.device(device)
        self._drawn = self._moved(drawn_sides(model) != NONE)
        self._triangles = self._moved(model.triangles.astype(np.int64))
        self._regions = self._moved(model.triangle_region)
        self._parts = self._moved(model.triangle_part.astype(np.int64))
        self._uv = self._moved(model.triangle_uv)
        self._mean = self._moved(model.mean)
        self._shapes = self._moved(model.shape_basis.reshape(len(model.shape_basis), -1))
        self._expressions = self._moved(model.expression_basis.reshape(len(EXPRESSIONS), -1))
        self._jaw_sine, self._jaw_cosine = self._moved(model.jaw_sine), self._moved(model.jaw_cosine)
        self._jaw_angle = self._moved(model.jaw_angle)
        self._jaw_rows = torch.tensor([EXPRESSIONS.index(name) for name in JAW_SHAPES], device=self.device)
        self._pivot_mean, self._pivot_basis = self._moved(model.pivot_mean), self._moved(model.pivot_basis)
        self._gaze_offset = self._moved(model.gaze_offset)
        self._neck = self._moved(model.neck_weight)
        self._albedo_mean, self._albedo_basis = self._moved(model.albedo_mean), self._moved(model.albedo_basis)
        self._joint, self._pivot = self._moved(NECK_JOINT), self._moved(PIVOT)
        plain = np.ones((len(Part), 4), np.float32)
        self._kind = torch.zeros(len(Part), dtype=torch.int64, device=self.device)
        for part, (colour, reach) in PART_COLOURS.items():
            plain[part] = (*colour, reach)
            self._kind[part] = 1
        for part in _EYES:
            self._kind[part] = 2
        self._plain = self._moved(plain)

    def _moved(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(array, copy=True)).to(self.device)

    def coefficients(self, heads: Sequence[HeadCoefficients]) -> dict[str, Tensor]:
        """The `PARTS` of B heads as float32 tensors (B, ...)."""
        return {part: self._moved(np.stack([getattr(head, part) for head in heads])) for part in PARTS}

    def irises(self, heads: Sequence[HeadCoefficients]) -> Tensor:
        """(B, 3) sRGB colours of the irises that belong to the identities."""
        return self._moved(np.stack([self.model.iris_colour(head) for head in heads]))

    def maps_of(self, heads: Sequence[HeadCoefficients], size: int = 128) -> TorchMaps:
        """Condition maps of heads."""
        parts = self.coefficients(heads)
        return self.maps(self.points(parts), parts["gamma"], self.chart(parts["albedo"]), self.irises(heads), size)

    def head_points(self, parts: dict[str, Tensor]) -> Tensor:
        """(B, V, 3) cm in head axes; see `HeadModel.vertices`."""
        shape, expression = parts["shape"], parts["expression"]
        flat = shape @ self._shapes + expression @ self._expressions
        points = flat.view(len(shape), -1, 3) + self._mean
        angle = expression[:, self._jaw_rows] * self._jaw_angle
        points = points + torch.einsum("bj,jvc->bvc", angle.sin(), self._jaw_sine.expand(-1, points.shape[1], -1))
        points = points + torch.einsum("bj,jvc->bvc", 1 - angle.cos(), self._jaw_cosine.expand(-1, points.shape[1], -1))
        pivots = self._pivot_mean + torch.einsum("bk,kec->bec", shape, self._pivot_basis)
        pieces, at = [], 0
        for eye, (first, last) in enumerate(self.model.eye_vertices):
            turn = _gaze_rotation(parts["gaze"] + self._gaze_offset[eye])
            pivot = pivots[:, eye, None]
            pieces += [points[:, at:first], (points[:, first:last] - pivot) @ turn.transpose(1, 2) + pivot]
            at = last
        return torch.cat([*pieces, points[:, at:]], 1)

    def points(self, parts: dict[str, Tensor]) -> Tensor:
        """(B, V, 3) cm in camera axes; see `camera.camera`."""
        points = self.head_points(parts)
        matrix = _rotation(parts["pose"])
        offset = (parts["position"] - (matrix @ self._pivot))[:, None]
        joint = (matrix @ self._joint)[:, None] + offset
        moved = points @ matrix.transpose(1, 2) + offset
        bent = self._neck < 1
        if not bool(bent.any()):
            return moved
        part = self._partly_rotated(points[:, bent] - self._joint, matrix, self._neck[bent]) + joint
        out = moved.clone()
        out[:, bent] = part
        return out

    @staticmethod
    def _partly_rotated(points: Tensor, matrix: Tensor, part: Tensor) -> Tensor:
        """Each point (B, N, 3) turned by its part (N,) of the rotation's angle (Rodrigues)."""
        r = matrix
        twist = torch.stack([r[:, 2, 1] - r[:, 1, 2], r[:, 0, 2] - r[:, 2, 0], r[:, 1, 0] - r[:, 0, 1]], 1)
        # The root is kept off zero, where it has no gradient.
        sine = (twist.square().sum(1) + 1e-14).sqrt() / 2
        axis = (twist / (2 * sine[:, None]))[:, None]
        cosine = (r.diagonal(dim1=1, dim2=2).sum(1) - 1) / 2
        angle = torch.atan2(sine, cosine)[:, None] * part
        along = (points * axis).sum(2, keepdim=True) * axis
        turned = (
            points * angle.cos()[..., None] + torch.cross(axis.expand_as(points), points, 2) * angle.sin()[..., None]
        )
        return turned + along * (1 - angle.cos()[..., None])

    def chart(self, albedo: Tensor) -> Tensor:
        """(B, 3, 256, 256) skin, sRGB-like 0..1, of albedo coefficients (B, 32)."""
        size = self._albedo_basis.shape[1]
        change = (albedo @ self._albedo_basis.flatten(1)).view(-1, size, size, 3).permute(0, 3, 1, 2)
        if size != ALBEDO_SIZE:
            change = F.interpolate(change, size=(ALBEDO_SIZE, ALBEDO_SIZE), mode="bilinear", align_corners=False)
        return (self._albedo_mean.permute(2, 0, 1) + change).clamp(0, 1)

    def project(self, points: Tensor, size: int) -> Tensor:
        """(B, V, 3): u, v in pixels and inverse depth of points in camera axes."""
        inverse = 1 / (-points[..., 2]).clamp_min(1e-3)
        u = size / 2 + FOCAL * size * points[..., 0] * inverse
        v = size / 2 - FOCAL * size * points[..., 1] * inverse
        return torch.stack([u, v, inverse], -1)

    def normals(self, points: Tensor) -> Tensor:
        """(B, V, 3) unit normals of vertices, by area."""
        a, b, c = (points[:, self._triangles[:, k]] for k in range(3))
        faces = torch.cross(b - a, c - a, 2)
        out = torch.zeros_like(points)
        for k in range(3):
            out = out.index_add(1, self._triangles[:, k], faces)
        return F.normalize(out, dim=2, eps=1e-20)

    @torch.no_grad()
    def visible(self, projected: Tensor, size: int) -> Tensor:
        """(B, S, S) int64: the nearest front-facing triangle of each pixel, -1 for none.

        All pixels of all triangles' bounding boxes are tested at once; of those inside, each picture's pixel keeps the
        largest key of inverse depth and triangle.
        """
        batch, count = len(projected), len(self._triangles)
        corners = projected[:, self._triangles].flatten(0, 1)
        x, y, z = corners.unbind(2)
        area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
        left, right = (x.amin(1) - 0.5).ceil().clamp(0, size), (x.amax(1) - 0.5).floor().clamp(-1, size - 1)
        top, bottom = (y.amin(1) - 0.5).ceil().clamp(0, size), (y.amax(1) - 0.5).floor().clamp(-1, size - 1)
        wide, high = (right - left + 1).clamp_min(0).long(), (bottom - top + 1).clamp_min(0).long()
        cells = wide * high * ((area < -1e-9) & self._drawn.repeat(batch))
        which = torch.repeat_interleave(torch.arange(batch * count, device=self.device), cells)
        within = torch.arange(len(which), device=self.device) - (cells.cumsum(0) - cells)[which]
        column = left.long()[which] + within % wide[which]
        row = top.long()[which] + within // wide[which]
        px, py = column + 0.5, row + 0.5
        x, y, z, area = x[which], y[which], z[which], area[which]
        first = ((x[:, 1] - px) * (y[:, 2] - py) - (x[:, 2] - px) * (y[:, 1] - py)) / area
        second = ((x[:, 2] - px) * (y[:, 0] - py) - (x[:, 0] - px) * (y[:, 2] - py)) / area
        third = 1 - first - second
        inside = (torch.minimum(torch.minimum(first, second), third) >= -1e-5).nonzero()[:, 0]
        depth = (first * z[:, 0] + second * z[:, 1] + third * z[:, 2])[inside].contiguous()
        chosen = which[inside]
        # Positive floats sort as their bits do; of equals the triangle with the smaller number wins.
        key = (depth.view(torch.int32).long() << 32) | (count - 1 - chosen % count)
        place = (chosen // count) * (size * size) + row[inside] * size + column[inside]
        best = torch.full((batch * size * size,), -1, dtype=torch.int64, device=self.device)
        best = best.scatter_reduce(0, place, key, "amax")
        found = torch.where(best >= 0, count - 1 - (best & 0xFFFFFFFF), torch.full_like(best, -1))
        return found.view(batch, size, size)

    def maps(self, points: Tensor, gamma: Tensor, chart: Tensor, iris: Tensor, size: int = 128) -> TorchMaps:
        """Condition maps.

        Args:
            points: (B, V, 3) cm in camera axes. gamma: (B, 9, 3). chart: (B, 3, 256, 256). iris: (B, 3) sRGB.
            size: side S in pixels.
        """
        projected = self.project(points, size)
        triangle = self.visible(projected.detach(), size)
        batch, row, column = (triangle >= 0).nonzero(as_tuple=True)
        t = triangle[batch, row, column]
        corners = self._triangles[t]
        weights, depth = _surface_weights(projected[batch[:, None], corners], column + 0.5, row + 0.5)
        normal = (weights[..., None] * self.normals(points)[batch[:, None], corners]).sum(1)
        normal = F.normalize(normal, dim=1, eps=1e-10)
        uv = (weights[..., None] * self._uv[t]).sum(1)
        albedo, reach = self._albedo(chart, iris, batch, t, uv, normal)
        shading = torch.einsum("nk,nkc->nc", _sh_basis(normal), gamma[batch]).clamp_min(DARKEST)
        light = (albedo.clamp_min(1e-6) ** 2.2 * shading * reach[:, None]).clamp_max(1)
        colour = torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light.clamp_min(1e-6) ** (1 / 2.4) - 0.055)
        pixels = torch.cat([2 * colour - 1, (shading / 2 - 1).clamp_max(1), normal, torch.ones_like(depth)[:, None]], 1)
        shape = (len(points), size, size)
        condition = points.new_zeros((*shape, CONDITION_PLANES)).index_put((batch, row, column), pixels)
        regions = torch.zeros(shape, dtype=torch.uint8, device=self.device)
        regions[batch, row, column] = self._regions[t]
        return TorchMaps(
            condition.permute(0, 3, 1, 2).contiguous(),
            regions,
            points.new_zeros((*shape, 2)).index_put((batch, row, column), uv),
            points.new_zeros(shape).index_put((batch, row, column), depth),
            triangle,
        )

    def _albedo(
        self, chart: Tensor, iris: Tensor, batch: Tensor, t: Tensor, uv: Tensor, normal: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Albedo (N, 3), sRGB-like, of pixels, and the share (N,) of the light that reaches them."""
        part = self._parts[t]
        kind = self._kind[part][:, None]
        skin = _sample(chart, batch, uv)
        plain = self._plain[part]
        eye = _eye_albedo(uv, iris[batch])
        albedo = torch.where(kind == 1, plain[:, :3], torch.where(kind == 2, eye, skin))
        lid = 0.95 - 0.5 * normal[:, 1].clamp(0, 0.6)
        kind = kind[:, 0]
        return albedo, torch.where(kind == 1, plain[:, 3], torch.where(kind == 2, lid, torch.ones_like(lid)))


def _surface_weights(corners: Tensor, px: Tensor, py: Tensor) -> tuple[Tensor, Tensor]:
    """Perspective-correct weights (N, 3) of pixel centres on their triangles' corners (N, 3, 3), and inverse depth."""
    x, y, z = corners.unbind(2)
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    first = ((x[:, 1] - px) * (y[:, 2] - py) - (x[:, 2] - px) * (y[:, 1] - py)) / area
    second = ((x[:, 2] - px) * (y[:, 0] - py) - (x[:, 0] - px) * (y[:, 2] - py)) / area
    flat = torch.stack([first, second, 1 - first - second], 1) * z
    depth = flat.sum(1)
    return flat / depth[:, None], depth


def _sample(chart: Tensor, batch: Tensor, uv: Tensor) -> Tensor:
    """Bilinear samples (N, 3) of each pixel's own chart (B, 3, H, W); u right, v up."""
    high, wide = chart.shape[2:]
    x = (uv[:, 0] * wide - 0.5).clamp(0, wide - 1)
    y = ((1 - uv[:, 1]) * high - 0.5).clamp(0, high - 1)
    column, row = x.detach().long().clamp_max(wide - 2), y.detach().long().clamp_max(high - 2)
    right, down = (x - column)[:, None], (y - row)[:, None]
    texels = chart.permute(0, 2, 3, 1)
    upper = texels[batch, row, column] * (1 - right) + texels[batch, row, column + 1] * right
    lower = texels[batch, row + 1, column] * (1 - right) + texels[batch, row + 1, column + 1] * right
    return upper * (1 - down) + lower * down


def _eye_albedo(uv: Tensor, iris: Tensor) -> Tensor:
    """Albedo (N, 3) of eyes; see `maps.eye_albedo`."""
    angle = 2 * EYE_CHART * ((uv - 0.5).square().sum(1) + 1e-12).sqrt()[:, None]
    pupil = ((PUPIL_ANGLE + 0.75 - angle) / 1.5).clamp(0, 1)
    inside = ((IRIS_ANGLE + 0.75 - angle) / 1.5).clamp(0, 1)
    rim = ((angle - 0.7 * IRIS_ANGLE) / (0.3 * IRIS_ANGLE)).clamp(0, 1)
    colour = iris * (1 - 0.45 * rim.square())
    colour = colour + pupil * (colour.new_tensor(PUPIL) - colour)
    white = colour.new_tensor(SCLERA)
    return white + inside * (colour - white)


def _sh_basis(normal: Tensor) -> Tensor:
    """(N, 9) spherical harmonics; see `light.sh_basis`."""
    x, y, z = normal.unbind(1)
    constant, linear, product, zonal, sectoral = SH_CONSTANTS
    return torch.stack(
        [
            torch.full_like(x, constant), linear * y, linear * z, linear * x, product * x * y, product * y * z,
            zonal * (3 * z * z - 1), product * x * z, sectoral * (x * x - y * y),
        ],
        1,
    )  # fmt: skip


def _rotation(pose: Tensor) -> Tensor:
    """(B, 3, 3) rotations of poses (B, 3) in degrees; see `camera.rotation`."""
    yaw, pitch, roll = (pose * pose.new_tensor([1.0, -1.0, -1.0])).deg2rad().unbind(1)
    cy, sy, cp, sp, cr, sr = yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin(), roll.cos(), roll.sin()
    zero, one = torch.zeros_like(cy), torch.ones_like(cy)

    def matrix(*entries: Tensor) -> Tensor:
        return torch.stack(entries, 1).view(-1, 3, 3)

    about_z = matrix(cr, -sr, zero, sr, cr, zero, zero, zero, one)
    about_x = matrix(one, zero, zero, zero, cp, -sp, zero, sp, cp)
    about_y = matrix(cy, zero, sy, zero, one, zero, -sy, zero, cy)
    return about_z @ about_x @ about_y


def _gaze_rotation(gaze: Tensor) -> Tensor:
    """(B, 3, 3) rotations of gazes (B, 2) in degrees; see `model.gaze_rotation`."""
    yaw, pitch = gaze.deg2rad().unbind(1)
    cy, sy, cp, sp = yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin()
    zero = torch.zeros_like(cy)
    return torch.stack([cy, -sy * sp, sy * cp, zero, cp, sp, -sy, -cy * sp, cy * cp], 1).view(-1, 3, 3)
