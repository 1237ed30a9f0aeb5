"""The z-buffer: coverage, depth, perspective, sides, and normals."""

import threading

import numpy as np
import pytest

from faceeditor.head.raster import BOTH, FRONT, NONE, Rasteriser, interpolate, vertex_normals

SIZE = 32
# Counter-clockwise as seen by the viewer, though v runs downwards.
SQUARE = np.array([[0, 2, 1], [0, 3, 2]], np.int32)


def _square(left: float, top: float, right: float, bottom: float, inverse_depth: float = 0.01) -> np.ndarray:
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return np.array([(u, v, inverse_depth) for u, v in corners], np.float32)


def test_a_square_covers_exactly_its_pixels() -> None:
    buffers = Rasteriser(SIZE).draw(_square(4, 6, 20, 11), SQUARE)
    covered = buffers.triangle >= 0
    wanted = np.zeros((SIZE, SIZE), bool)
    wanted[6:11, 4:20] = True
    assert (covered == wanted).all()
    assert (buffers.inverse_depth[~covered] == 0).all()
    assert buffers.inverse_depth[covered] == pytest.approx(0.01)


def test_the_nearest_triangle_is_seen_whatever_the_order() -> None:
    points = np.concatenate([_square(0, 0, 32, 32, 0.01), _square(8, 8, 24, 24, 0.02)])
    near_last = np.concatenate([SQUARE, SQUARE + 4])
    near_first = near_last[::-1].copy()
    for triangles in (near_last, near_first):
        buffers = Rasteriser(SIZE).draw(points, triangles)
        seen = triangles[buffers.triangle].min(-1) >= 4
        assert seen[8:24, 8:24].all() and seen.sum() == 16 * 16


def test_layers_are_peeled() -> None:
    points = np.concatenate([_square(0, 0, 32, 32, 0.01), _square(8, 8, 24, 24, 0.02)])
    triangles = np.concatenate([SQUARE, SQUARE + 4])
    rasteriser = Rasteriser(SIZE)
    first = rasteriser.draw(points, triangles).copy()
    second = rasteriser.draw(points, triangles, behind=first.inverse_depth * np.float32(0.999))
    seen = second.triangle >= 0
    assert seen.sum() == 16 * 16 and seen[8:24, 8:24].all() and second.inverse_depth[seen] == pytest.approx(0.01)


def test_sides() -> None:
    back = SQUARE[:, ::-1].copy()
    points = _square(4, 4, 28, 28)
    rasteriser = Rasteriser(SIZE)
    assert (rasteriser.draw(points, back).triangle < 0).all()
    assert (rasteriser.draw(points, back, np.full(2, BOTH, np.uint8)).triangle >= 0).sum() == 24 * 24
    half = np.array([FRONT, NONE], np.uint8)
    assert set(np.unique(rasteriser.draw(points, SQUARE, half).triangle)) == {-1, 0}


def test_weights_are_those_on_the_surface() -> None:
    # A floor that runs away from the viewer: in the middle of the picture one sees less than half of its length.
    focal, height = 32.0, 4.0
    near, far = 10.0, 40.0
    corners = np.array([[-6, near, 0], [6, near, 0], [6, far, 1], [-6, far, 1]], np.float32)
    points = np.stack(
        [16 + focal * corners[:, 0] / corners[:, 1], 16 + focal * height / corners[:, 1], 1 / corners[:, 1]], 1
    ).astype(np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    buffers = Rasteriser(SIZE).draw(points, triangles)
    along = interpolate(buffers, triangles, corners[:, 1:2])[..., 0]
    rows, columns = np.nonzero(buffers.triangle >= 0)
    truth = focal * height / (rows + 0.5 - 16)
    assert len(rows) > 80
    np.testing.assert_allclose(along[rows, columns], truth, rtol=2e-4)
    np.testing.assert_allclose(1 / buffers.inverse_depth[rows, columns], truth, rtol=2e-4)


def test_neighbours_leave_no_cracks() -> None:
    random = np.random.default_rng(0)
    count = 24
    grid = np.stack(np.meshgrid(np.linspace(-3, 35, count), np.linspace(-3, 35, count)), -1)
    grid[1:-1, 1:-1] += random.uniform(-0.4, 0.4, (count - 2, count - 2, 2))
    points = np.concatenate([grid.reshape(-1, 2), np.full((count * count, 1), 0.01)], 1).astype(np.float32)
    index = np.arange(count * count, dtype=np.int32).reshape(count, count)
    a, b, c, d = (index[i : count - 1 + i, j : count - 1 + j].ravel() for i, j in ((0, 0), (0, 1), (1, 1), (1, 0)))
    triangles = np.concatenate([np.stack([a, c, b], 1), np.stack([a, d, c], 1)])
    assert (Rasteriser(SIZE).draw(points, triangles).triangle >= 0).all()


@pytest.mark.parametrize("shift", [-1e6, -40.0, 40.0, 1e6])
def test_what_lies_outside_is_left_out(shift: float) -> None:
    points = _square(4, 4, 28, 28) + np.array([shift, 0, 0], np.float32)
    assert (Rasteriser(SIZE).draw(points, SQUARE).triangle < 0).all()


def test_buffers_are_used_again_and_can_be_copied() -> None:
    rasteriser = Rasteriser(SIZE)
    first = rasteriser.draw(_square(4, 4, 28, 28), SQUARE)
    kept = first.copy()
    second = rasteriser.draw(_square(0, 0, 2, 2), SQUARE)
    assert second is first and (second.triangle >= 0).sum() == 4 and (kept.triangle >= 0).sum() == 24 * 24


def test_normals_of_a_ball_point_outwards() -> None:
    turns, heights = np.meshgrid(np.linspace(0, 2 * np.pi, 25)[:-1], np.linspace(-0.95, 0.95, 15))
    across = np.sqrt(1 - heights**2)
    ball = np.stack([across * np.sin(turns), heights, across * np.cos(turns)], -1).reshape(-1, 3).astype(np.float32)
    index = np.arange(len(ball), dtype=np.int32).reshape(15, 24)
    right = np.roll(index, -1, 1)
    low, high = index[:-1].ravel(), index[1:].ravel()
    low_right, high_right = right[:-1].ravel(), right[1:].ravel()
    triangles = np.concatenate([np.stack([low, low_right, high_right], 1), np.stack([low, high_right, high], 1)])
    normals = vertex_normals(ball, triangles)
    inner = slice(24, -24)
    assert ((normals * ball).sum(1)[inner] > 0.99).all()
    # A vertex that no triangle uses has no normal.
    assert (vertex_normals(np.concatenate([ball, ball[:1]]), triangles)[-1] == 0).all()


def test_threads_do_not_disturb_each_other() -> None:
    wrong: list[int] = []

    def draw(side: int) -> None:
        rasteriser = Rasteriser(SIZE)
        for _ in range(50):
            if (rasteriser.draw(_square(0, 0, side, side), SQUARE).triangle >= 0).sum() != side * side:
                wrong.append(side)

    threads = [threading.Thread(target=draw, args=(side,)) for side in (5, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
