"""Which region each triangle of the scans' mesh belongs to: a vote of the photographs' label maps."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from faceeditor.head.camera import FOCAL
from faceeditor.head.raster import Rasteriser
from faceeditor.regions import MIRROR, REGION_COUNT, Region
from faceeditor.training.head_build.sources import HEAD, SOCKET, Array, Photographs, Scans

PIVOT_Z = 6.0
SIDE = 256
_SKIN_LABELS = (
    Region.SKIN, Region.L_BROW, Region.R_BROW, Region.L_EAR, Region.R_EAR, Region.NOSE, Region.U_LIP, Region.L_LIP,
    Region.NECK, Region.CLOTH, Region.HAIR,
)  # fmt: skip


def fitted_vertices(scans: Scans, photos: Photographs, row: int) -> Array:
    """(26719, 3) float32: the scans' mesh as it was fitted to a photograph, in camera axes."""
    fits = photos.fits
    vertices = scans.mean.astype(np.float32)
    vertices = vertices + np.tensordot(fits["alpha"][row], scans.identity, 1)
    vertices += np.tensordot(fits["expression"][row], scans.expression, 1)
    return (vertices - (0, 0, PIVOT_Z)).astype(np.float32) @ fits["R"][row].T + fits["trans"][row]


def projected(points: Array, size: int = SIDE) -> Array:
    """(N, 3) float32 u, v in pixels and inverse depth of points in camera axes."""
    depth = -points[:, 2]
    return np.stack(
        [size / 2 + FOCAL * size * points[:, 0] / depth, size / 2 - FOCAL * size * points[:, 1] / depth, 1 / depth], 1
    ).astype(np.float32)


def solid_triangles(scans: Scans) -> Array:
    """The triangles that hide what is behind them: everything but lacrimal fluid and lashes; rows of the mesh."""
    triangles = scans.triangles
    return np.flatnonzero(triangles.max(1) < 24591)


def count_votes(scans: Scans, photos: Photographs, rows: list[int]) -> Array:
    """(52220, 19) int64: pixels of each region on every triangle, over the photographs `rows`."""
    drawn = solid_triangles(scans)
    triangles = np.ascontiguousarray(scans.triangles[drawn].astype(np.int32))
    raster = Rasteriser(SIDE)
    votes = np.zeros(len(scans.triangles) * REGION_COUNT, np.int64)
    for row in rows:
        buffers = raster.draw(projected(fitted_vertices(scans, photos, row)), triangles)
        seen = buffers.triangle >= 0
        cells = drawn[buffers.triangle[seen]] * REGION_COUNT + photos.labels(row)[seen]
        votes += np.bincount(cells, minlength=len(votes))
    return votes.reshape(-1, REGION_COUNT)


def triangle_regions(scans: Scans, votes: Array) -> Array:
    """(52220,) uint8 regions: symmetric and connected; triangles beyond the skin get the background."""
    triangles = scans.triangles
    skin = np.flatnonzero(triangles.max(1) < SOCKET)
    share = np.zeros((len(skin), REGION_COUNT))
    share[:, _SKIN_LABELS] = votes[skin][:, _SKIN_LABELS]
    # What hides the skin by chance says nothing of the skin: hair over a forehead, a label of the eye on its lids.
    share[:, Region.SKIN] += votes[skin, Region.L_EYE] + votes[skin, Region.R_EYE] + votes[skin, Region.GLASSES]
    share[:, Region.HAIR] *= 0.6
    centre = scans.mean[triangles[skin]].mean(1)
    _only_where_possible(share, centre, triangles[skin])
    share = share + share[_mirror_triangles(scans, skin)][:, MIRROR]
    links = _neighbours(triangles[skin])
    total = share.sum(1, keepdims=True)
    share = share / np.maximum(total, 1e-9) * (total / (total + 20))
    for turn in range(400):
        # Triangles without votes take their neighbours' view, the others only smooth theirs.
        spread = links @ share
        share = np.where(total > 0, 0.7 * share + 0.3 * spread, spread)
        if turn > 8 and (share.sum(1) > 1e-6).all():
            break
    label = _smooth_outlines(share.argmax(1), links)
    label = _largest_pieces(label, triangles[skin], links)
    regions = np.zeros(len(triangles), np.uint8)
    regions[skin] = label
    return regions


def _only_where_possible(share: Array, centre: Array, triangles: Array) -> None:
    """Strike out votes that a shifted outline caused: left labels at the right side, brows below the eyes ..."""
    x, y, z = centre.T
    for left, right in ((Region.L_BROW, Region.R_BROW), (Region.L_EAR, Region.R_EAR)):
        both = share[:, left] + share[:, right]
        share[:, left], share[:, right] = np.where(x > 0, both, 0), np.where(x > 0, 0, both)
    brow = (y > 4.2) & (y < 8.0) & (z > 5)
    share[~brow, Region.L_BROW] = share[~brow, Region.R_BROW] = 0
    lips = (y > -6.5) & (y < -0.8) & (np.abs(x) < 3.6) & (z > 7.5)
    share[~lips, Region.U_LIP] = share[~lips, Region.L_LIP] = 0
    # The shell of the ear stands off the head; in front of it the cheek's skin ends, above and behind it there is hair.
    ears = (np.abs(x) > 6.9) & (y > -4) & (y < 5.9) & (z < 3.2) & ((np.abs(x) > 7.75) | (y < 3.5))
    share[~ears, Region.L_EAR] = share[~ears, Region.R_EAR] = 0
    share[ears & (np.abs(x) > 7.75), Region.HAIR] = 0
    back = triangles.max(1) >= HEAD
    face = (z > 4) & (y < 7) & (y > -7)
    share[face, Region.HAIR] = share[face, Region.CLOTH] = 0
    # The collar is the smooth line where the chart of the face ends at the base of the neck.
    share[~back | (y > -8.5), Region.CLOTH] = 0
    share[back & (y <= -8.5), :] = np.eye(REGION_COUNT)[Region.CLOTH] * 100
    share[y < -4, Region.HAIR] = 0
    share[back & (y > -2), :] *= np.eye(REGION_COUNT)[Region.HAIR]
    share[(y < -8) & (z < 4.5), Region.SKIN] = 0
    share[y < -11, Region.SKIN] = 0
    share[y > -4, Region.NECK] = 0


def _mirror_triangles(scans: Scans, rows: Array) -> Array:
    """For the triangles `rows`, which of them lies at the mirrored place."""
    keys = np.sort(scans.triangles[rows], 1)
    wanted = np.sort(scans.mirror[scans.triangles[rows]], 1)
    place = {tuple(key): index for index, key in enumerate(keys.tolist())}
    centre = scans.mean[scans.triangles[rows]].mean(1)
    from scipy.spatial import cKDTree

    _, nearest = cKDTree(centre).query(centre * (-1, 1, 1))
    return np.array([place.get(tuple(key), int(nearest[index])) for index, key in enumerate(wanted.tolist())])


def _neighbours(triangles: Array) -> coo_matrix:
    """Row-normalised adjacency of triangles that share an edge."""
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), 1)
    owner = np.tile(np.arange(len(triangles)), 3)
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    edges, owner = edges[order], owner[order]
    same = np.flatnonzero((edges[1:] == edges[:-1]).all(1))
    first, second = owner[same], owner[same + 1]
    ones = np.ones(2 * len(first))
    links = coo_matrix((ones, (np.r_[first, second], np.r_[second, first])), shape=(len(triangles),) * 2).tocsr()
    degree = np.asarray(links.sum(1)).ravel()
    return coo_matrix(links.multiply(1 / np.maximum(degree, 1)[:, None])).tocsr()


def _smooth_outlines(label: Array, links: coo_matrix) -> Array:
    """Give triangles that stick out of their region (two of three neighbours in another) to that other one."""
    for _ in range(6):
        planes = np.eye(REGION_COUNT)[label]
        around = links @ planes
        best = around.argmax(1)
        label = np.where((around.max(1) > 0.6) & (best != label), best, label)
    return label


def _largest_pieces(label: Array, triangles: Array, links: coo_matrix) -> Array:
    """Give all but the largest connected piece of every region to the regions around them."""
    label = label.copy()
    pairs = links.tocoo()
    for _ in range(3):
        same = label[pairs.row] == label[pairs.col]
        graph = coo_matrix((np.ones(same.sum()), (pairs.row[same], pairs.col[same])), shape=links.shape)
        _, piece = connected_components(graph, directed=False)
        size = np.bincount(piece)
        lost = np.ones(len(label), bool)
        for region in np.unique(label):
            lost[piece == max(np.unique(piece[label == region]), key=lambda p: size[p])] = False
        if not lost.any():
            break
        counts = np.zeros((len(label), REGION_COUNT))
        for _ in range(60):
            if not lost.any():
                break
            counts[:] = 0
            good = ~lost[pairs.col]
            np.add.at(counts, (pairs.row[good], label[pairs.col[good]]), 1)
            found = lost & (counts.sum(1) > 0)
            label[found] = counts[found].argmax(1)
            lost &= ~found
    return label
