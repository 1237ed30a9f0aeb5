"""Compiled loops of the mask's motion (`motion` explains the method)."""

import numpy as np

from faceeditor.head.camera import FOCAL
from faceeditor.head.jit import compiled
from faceeditor.regions import MASK_SIZE, REGION_COUNT, Region

GRID = 64
"""Side of the coarse grid on which the motion outside of the head is worked out."""
BINS = 96
"""Directions in which the head's outline is measured."""

_SIZE = MASK_SIZE
_PIXELS_PER_CM = np.float32(FOCAL * MASK_SIZE)  # at a distance of 1 cm
_HALF = np.float32(MASK_SIZE / 2)
_BACKGROUND, _SKIN = int(Region.BACKGROUND), int(Region.SKIN)
_L_EYE, _R_EYE, _NOSE, _MOUTH = (int(region) for region in (Region.L_EYE, Region.R_EYE, Region.NOSE, Region.MOUTH))


def _flags(*regions: Region) -> np.ndarray:
    flags = np.zeros(REGION_COUNT, np.bool_)
    flags[list(regions)] = True
    return flags


_OPENING = _flags(Region.L_EYE, Region.R_EYE, Region.MOUTH)
_COVERING = _flags(Region.HAIR, Region.HAT, Region.GLASSES)
_ON_LIPS = _flags(Region.MOUTH, Region.U_LIP, Region.L_LIP)
_EAR = _flags(Region.L_EAR, Region.R_EAR)
_ENDS = _flags(Region.HAIR, Region.HAT)
_LARGE = _flags(
    Region.BACKGROUND, Region.SKIN, Region.L_EAR, Region.R_EAR, Region.NECK, Region.CLOTH, Region.HAIR, Region.HAT
)
_BESIDE_NECK = _flags(Region.NECK, Region.NECKLACE, Region.CLOTH, Region.HAIR)
# Pixels beyond the picture's rim after which hair and hats end.
_CUT = np.float32(4.0)
# A strip at the outline that has become this much wider counts as not seen.
_WIDER = np.float32(2.0)
# A strip this much wider than in the base view says nothing about an opening beside it.
_STRETCHED = np.float32(3.0)
# Cosines between surface and view: below the first a base pixel says nothing, below the second little.
_EDGE = np.float32(0.15)
_GRAZING = np.float32(0.35)


@compiled
def seen_in_base(x, y, z, slope_cosine, base_depth):  # type: ignore[no-untyped-def]
    """Place (u, v) of a point in camera axes in the base view, and whether it was seen there.

    The tolerance is 0.35 cm and what the surface falls within a pixel.
    """
    inverse = np.float32(1) / max(-z, np.float32(1e-3))
    u = _HALF + _PIXELS_PER_CM * x * inverse
    v = _HALF - _PIXELS_PER_CM * y * inverse
    if not (u >= 0 and v >= 0 and u < _SIZE and v < _SIZE) or slope_cosine <= np.float32(0.02):
        return u, v, False
    nearest = base_depth[int(v), int(u)]
    fall = min(np.float32(12), np.float32(1) / slope_cosine)
    tolerance = np.float32(0.35) - z / _PIXELS_PER_CM * fall
    # Beyond the base's own outline a point lies before another surface: that does not show it either.
    return u, v, nearest <= 0 or abs(inverse - nearest) <= tolerance * nearest * nearest


@compiled
def outline(triangle, left_out, projected, chosen, centre_u, centre_v, reach, met):  # type: ignore[no-untyped-def]
    """Distance of the head's outline from a centre in each of `BINS` directions, in pixels of 256, smoothed.

    Rays run inwards until they meet a drawn triangle (S, S) that is not left out; outside of the picture the chosen
    vertices say where the outline is. `met` (BINS,) is the triangle found in each direction, -1 for none.
    """
    size = triangle.shape[0]
    to_drawn = np.float32(size / _SIZE)
    rough = np.zeros(BINS, np.float32)
    for i in range(projected.shape[0]):
        u, v = projected[i, 0], projected[i, 1]
        if chosen[i] and (u < 0 or v < 0 or u >= _SIZE or v >= _SIZE):
            k = int(np.floor(np.arctan2(v - centre_v, u - centre_u) * (BINS / (2 * np.pi)))) % BINS
            rough[k] = max(rough[k], np.sqrt((u - centre_u) ** 2 + (v - centre_v) ** 2))
    for k in range(BINS):
        angle = (k + 0.5) * (2 * np.pi / BINS)
        du, dv = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        distance = np.float32(1.4 * _SIZE)
        met[k] = -1
        while distance > max(rough[k], np.float32(1)):
            x, y = int((centre_u + du * distance) * to_drawn), int((centre_v + dv * distance) * to_drawn)
            if x >= 0 and y >= 0 and x < size and y < size and triangle[y, x] >= 0 and not left_out[triangle[y, x]]:
                met[k] = triangle[y, x]
                break
            distance -= np.float32(1)
        rough[k] = max(distance, np.float32(1))
    for k in range(BINS):
        reach[k] = (
            np.float32(0.4) * rough[k] + np.float32(0.2) * (rough[k - 1] + rough[(k + 1) % BINS])
            + np.float32(0.1) * (rough[k - 2] + rough[(k + 2) % BINS])
        )  # fmt: skip


@compiled
def _reach_at(reach, angle):  # type: ignore[no-untyped-def]
    place = angle * np.float32(BINS / (2 * np.pi)) - np.float32(0.5)
    low = int(np.floor(place))
    part = np.float32(place - low)
    return reach[low % BINS] * (1 - part) + reach[(low + 1) % BINS] * part


@compiled
def outside_field(  # type: ignore[no-untyped-def]
    new_reach, base_reach, new_centre, base_centre, roll, scale, body_shift, with_head, with_body, field
):  # fmt: skip
    """Where pixels outside of the head come from: (GRID, GRID, 2) places in the base view, in pixels of 256.

    The outline of the new view is laid onto the outline of the base view, direction by direction (turned by the roll,
    radians), what lies beyond keeps its distance. `with_head` and `with_body` (GRID, GRID) say in the base view how far
    a place moves with the head or with the shoulders; the rest stays.
    """
    cell = np.float32(_SIZE / GRID)
    for row in range(GRID):
        for column in range(GRID):
            qu, qv = np.float32(column + 0.5) * cell, np.float32(row + 0.5) * cell
            du, dv = qu - new_centre[0], qv - new_centre[1]
            distance = np.sqrt(du * du + dv * dv)
            angle = np.float32(np.arctan2(dv, du))
            rim_new, rim_base = _reach_at(new_reach, angle), _reach_at(base_reach, angle - roll)
            far = rim_base * distance / rim_new if distance < rim_new else rim_base + (distance - rim_new) * scale
            pu = base_centre[0] + far * np.float32(np.cos(angle - roll)) - qu
            pv = base_centre[1] + far * np.float32(np.sin(angle - roll)) - qv
            u, v = qu + pu, qv + pv
            for _ in range(3):
                gx = min(max(u / cell - np.float32(0.5), np.float32(0)), np.float32(GRID - 1.001))
                gy = min(max(v / cell - np.float32(0.5), np.float32(0)), np.float32(GRID - 1.001))
                x, y = int(gx), int(gy)
                ax, ay = gx - x, gy - y
                head = (with_head[y, x] * (1 - ax) + with_head[y, x + 1] * ax) * (1 - ay) + (
                    with_head[y + 1, x] * (1 - ax) + with_head[y + 1, x + 1] * ax
                ) * ay
                body = (with_body[y, x] * (1 - ax) + with_body[y, x + 1] * ax) * (1 - ay) + (
                    with_body[y + 1, x] * (1 - ax) + with_body[y + 1, x + 1] * ax
                ) * ay
                u = qu + head * pu + body * body_shift[0]
                v = qv + head * pv + body * body_shift[1]
            field[row, column, 0] = u
            field[row, column, 1] = v


@compiled
def _triangle_area(projected, triangles, t):  # type: ignore[no-untyped-def]
    a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    ux, uy = projected[b, 0] - projected[a, 0], projected[b, 1] - projected[a, 1]
    vx, vy = projected[c, 0] - projected[a, 0], projected[c, 1] - projected[a, 1]
    return abs(ux * vy - uy * vx)


@compiled
def warp_labels(  # type: ignore[no-untyped-def]
    triangle, barycentric, triangles, part_regions, below_chin, projected, base_points, base_projected,
    base_cosine, base_depth, base_regions, mirror, mask, outside, around, fallback, worn, mirrored_region, reach,
    worn_rim, centre, grid_field, openings, labels, field, seen, uncertain,
):  # fmt: skip
    """Label, source place (pixels of 256) and visibility of every pixel of the new view of side S.

    On the head a pixel's surface point is looked up in the base view; elsewhere `grid_field` says where to look.
    Where nothing was seen, `worn` (V,) above a half means hair or a hat: `fallback` (2, T) has the labels without and
    with. `reach` about `centre` is the outline of the new view, `worn_rim` says where that is hair or hat. `outside` is
    the mask with the face taken out where the head covers it, `around` with all of the face taken out. `openings` (3,):
    how far left eye, right eye and mouth are open, in parts of the base's. `uncertain` tells pixels whose label was
    stretched or guessed.
    """
    size = triangle.shape[0]
    to_grid = np.float32(GRID / size)
    to_mask = np.float32(size / _SIZE)
    for y in range(size):
        for x in range(size):
            gx = min(max((x + np.float32(0.5)) * to_grid - np.float32(0.5), np.float32(0)), np.float32(GRID - 1.001))
            gy = min(max((y + np.float32(0.5)) * to_grid - np.float32(0.5), np.float32(0)), np.float32(GRID - 1.001))
            column, row = int(gx), int(gy)
            ax, ay = gx - column, gy - row
            first, second = (1 - ax) * (1 - ay), ax * (1 - ay)
            third, fourth = (1 - ax) * ay, ax * ay
            far_u = (
                first * grid_field[row, column, 0] + second * grid_field[row, column + 1, 0]
                + third * grid_field[row + 1, column, 0] + fourth * grid_field[row + 1, column + 1, 0]
            )  # fmt: skip
            far_v = (
                first * grid_field[row, column, 1] + second * grid_field[row, column + 1, 1]
                + third * grid_field[row + 1, column, 1] + fourth * grid_field[row + 1, column + 1, 1]
            )  # fmt: skip
            far_x = int(min(max(far_u, np.float32(0)), np.float32(_SIZE - 1)))
            far_y = int(min(max(far_v, np.float32(0)), np.float32(_SIZE - 1)))
            beside = outside[far_y, far_x]
            uncertain[y, x] = False
            t = triangle[y, x]
            if t < 0:
                if _ENDS[beside] and (far_u < -_CUT or far_v < -_CUT or far_u > _SIZE + _CUT):
                    # Hair that the picture's rim cuts off ends a little beyond it.
                    beside = _BACKGROUND
                elif beside != around[far_y, far_x]:
                    # A rim of the face that sticks out beyond the mesh ends where hair has come to the outline.
                    du, dv = (x + np.float32(0.5)) / to_mask - centre[0], (y + np.float32(0.5)) / to_mask - centre[1]
                    if _reach_at(worn_rim, np.arctan2(dv, du)) > np.float32(0.5):
                        beside = around[far_y, far_x]
                labels[y, x] = beside
                field[y, x, 0] = far_u
                field[y, x, 1] = far_v
                inside = far_u >= 0 and far_v >= 0 and far_u < _SIZE and far_v < _SIZE
                seen[y, x] = 1.0 if inside and mask[far_y, far_x] == beside else 0.0
                continue
            first, second = barycentric[y, x, 0], barycentric[y, x, 1]
            third = np.float32(1) - first - second
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            px = first * base_points[a, 0] + second * base_points[b, 0] + third * base_points[c, 0]
            py = first * base_points[a, 1] + second * base_points[b, 1] + third * base_points[c, 1]
            pz = first * base_points[a, 2] + second * base_points[b, 2] + third * base_points[c, 2]
            cosine = first * base_cosine[a] + second * base_cosine[b] + third * base_cosine[c]
            u, v, visible = seen_in_base(px, py, pz, cosine, base_depth)
            source_x = int(min(max(u, np.float32(0)), np.float32(_SIZE - 1)))
            source_y = int(min(max(v, np.float32(0)), np.float32(_SIZE - 1)))
            if visible and cosine < _EDGE:
                # A rim that is turned to the viewer.
                wider = _triangle_area(projected, triangles, t) / (_triangle_area(base_projected, triangles, t) + 1e-6)
                visible = wider < _WIDER
            field[y, x, 0] = u
            field[y, x, 1] = v
            seen[y, x] = 1.0 if visible else 0.0
            own = part_regions[t]
            label = mask[source_y, source_x]
            if _OPENING[own]:
                same = base_regions[source_y, source_x] == own
                if own == _MOUTH and not visible:
                    # What lies deep in the mouth was behind the lips: only they count.
                    same = same and (_ON_LIPS[label] or label == _SKIN)
                if not same and not _COVERING[label]:
                    # It opens up, or was hidden: what covers its mirror image covers it, too.
                    label = own
                    if not visible:
                        i, j, k = mirror[a], mirror[b], mirror[c]
                        other_u, other_v, other = seen_in_base(
                            first * base_points[i, 0] + second * base_points[j, 0] + third * base_points[k, 0],
                            first * base_points[i, 1] + second * base_points[j, 1] + third * base_points[k, 1],
                            first * base_points[i, 2] + second * base_points[j, 2] + third * base_points[k, 2],
                            first * base_cosine[i] + second * base_cosine[j] + third * base_cosine[k],
                            base_depth,
                        )
                        if other:
                            covering = mask[int(other_v), int(other_u)]
                            if _COVERING[covering]:
                                label = covering
                labels[y, x] = label
                continue
            cover = first * worn[a] + second * worn[b] + third * worn[c]
            guess = fallback[1, t] if cover > np.float32(0.5) else fallback[0, t]
            if visible:
                if label == _BACKGROUND:
                    # The mesh is a little larger than what was painted. Such a rim stays a rim and never gets inside.
                    du, dv = (x + np.float32(0.5)) / to_mask - centre[0], (y + np.float32(0.5)) / to_mask - centre[1]
                    inner = np.sqrt(du * du + dv * dv) < _reach_at(reach, np.arctan2(dv, du)) - np.float32(5)
                    label = guess if inner and not below_chin[t] else beside
                    uncertain[y, x] = True
                elif _OPENING[label]:
                    opening = openings[0] if label == _L_EYE else (openings[1] if label == _R_EYE else openings[2])
                    if opening < np.float32(0.35) or _triangle_area(projected, triangles, t) > _STRETCHED * (
                        _triangle_area(base_projected, triangles, t)
                    ):
                        label = own
                elif cosine < _GRAZING:
                    uncertain[y, x] = True
                    if (_EAR[label] and not _EAR[own]) or (label == _SKIN and own == _NOSE):
                        # What was painted a little beside the mesh's ear or nose would be smeared over cheek or nose.
                        wider = _triangle_area(projected, triangles, t)
                        if wider > np.float32(1.5) * _triangle_area(base_projected, triangles, t):
                            label = guess
                labels[y, x] = label
                continue
            i, j, k = mirror[a], mirror[b], mirror[c]
            other_u, other_v, other = seen_in_base(
                first * base_points[i, 0] + second * base_points[j, 0] + third * base_points[k, 0],
                first * base_points[i, 1] + second * base_points[j, 1] + third * base_points[k, 1],
                first * base_points[i, 2] + second * base_points[j, 2] + third * base_points[k, 2],
                first * base_cosine[i] + second * base_cosine[j] + third * base_cosine[k],
                base_depth,
            )
            label = guess
            uncertain[y, x] = True
            if below_chin[t] or (own == _SKIN and not other and not _COVERING[guess]):
                # Neck, shoulders and the underside of the jaw: what hangs or is worn beside them goes on.
                if _BESIDE_NECK[beside]:
                    label = beside
            elif other:
                found = mirrored_region[mask[int(other_v), int(other_u)]]
                # Hair and features that are known of stay, whatever the other side shows.
                known = found == _SKIN and guess != _SKIN
                if found != _BACKGROUND and not _OPENING[found] and not known:
                    label = found
            labels[y, x] = label


@compiled
def smoothed_ring(values):  # type: ignore[no-untyped-def]
    """(BINS,) float32 values smoothed around the ring."""
    out = np.empty_like(values)
    count = values.shape[0]
    for k in range(count):
        total = np.float32(6) * values[k]
        total += np.float32(5) * (values[k - 1] + values[(k + 1) % count])
        total += np.float32(3) * (values[k - 2] + values[(k + 2) % count])
        total += values[k - 3] + values[(k + 3) % count]
        out[k] = total / np.float32(24)
    return out


@compiled
def middle_of(points, weights):  # type: ignore[no-untyped-def]
    """(3,) weighted middle of points (V, 3) in camera axes, in the picture: u, v in pixels of 256, inverse depth."""
    x = y = z = np.float32(0)
    for i in range(points.shape[0]):
        x += weights[i] * points[i, 0]
        y += weights[i] * points[i, 1]
        z += weights[i] * points[i, 2]
    out = np.empty(3, np.float32)
    out[2] = np.float32(1) / max(-z, np.float32(1e-3))
    out[0] = _HALF + _PIXELS_PER_CM * x * out[2]
    out[1] = _HALF - _PIXELS_PER_CM * y * out[2]
    return out


@compiled
def gaps(points, upper, lower, weights_above, weights_below):  # type: ignore[no-untyped-def]
    """(3,) cm between the lids of left and right eye and between the lips.

    Seven pairs of points of the mesh (vertices (7, 3), barycentric weights (7, 3)): two of each eye, three of the lips.
    """
    out = np.zeros(3, np.float32)
    for pair in range(7):
        square = np.float32(0)
        for c in range(3):
            apart = np.float32(0)
            for corner in range(3):
                apart += weights_above[pair, corner] * points[upper[pair, corner], c]
                apart -= weights_below[pair, corner] * points[lower[pair, corner], c]
            square += apart * apart
        out[min(2, pair // 2)] += np.sqrt(square) / np.float32(2 if pair < 4 else 3)
    return out


@compiled
def warp_mask(  # type: ignore[no-untyped-def]
    triangle, barycentric, triangles, part_regions, below_chin, outer, middle, marks, points, head_points, projected,
    base_points, base_projected, base_cosine, base_depth, base_regions, mirror, mask, outside, around, fallback, worn,
    mirrored_region, base_reach, base_centre, base_openings, with_head, with_body, roll, body_shift, labels, field,
    seen, uncertain,
):  # fmt: skip
    """All of one new view but its z-buffer, in one call that holds the interpreter's lock nowhere.

    `middle` (V,) weighs the head's vertices, `marks` are the arguments of `gaps` after the points; `points` are in
    camera axes, `head_points` in head axes. The others are as of `outline`, `outside_field` and `warp_labels`.
    """
    centre = middle_of(points, middle)
    reach, met = np.empty(BINS, np.float32), np.empty(BINS, np.int32)
    outline(triangle, below_chin, projected, outer, centre[0], centre[1], reach, met)
    worn_rim = np.zeros(BINS, np.float32)
    for k in range(BINS):
        if met[k] >= 0:
            worn_rim[k] = worn[triangles[met[k], 0]]
    worn_rim = smoothed_ring(smoothed_ring(worn_rim))
    grid = np.empty((GRID, GRID, 2), np.float32)
    scale = base_centre[2] / centre[2]
    outside_field(reach, base_reach, centre, base_centre, roll, scale, body_shift, with_head, with_body, grid)
    openings = gaps(head_points, marks[0], marks[1], marks[2], marks[3])
    for k in range(3):
        # What was shut in the base is as open as the model says.
        shut = base_openings[k] < np.float32(0.1)
        openings[k] = np.float32(1) if shut else openings[k] / base_openings[k]
    warp_labels(
        triangle, barycentric, triangles, part_regions, below_chin, projected, base_points, base_projected, base_cosine,
        base_depth, base_regions, mirror, mask, outside, around, fallback, worn, mirrored_region, reach, worn_rim,
        centre, grid, openings, labels, field, seen, uncertain,
    )  # fmt: skip


@compiled
def spread(start, neighbours, labels):  # type: ignore[no-untyped-def]
    """Give vertices without a label (-1) that of the nearest one with a label, counted in edges.

    Neighbours of vertex i are `neighbours[start[i] : start[i + 1]]`.
    """
    queue = np.empty(labels.shape[0], np.int32)
    first = last = 0
    for i in range(labels.shape[0]):
        if labels[i] >= 0:
            queue[last] = i
            last += 1
    while first < last:
        i = queue[first]
        first += 1
        for k in range(start[i], start[i + 1]):
            j = neighbours[k]
            if labels[j] < 0:
                labels[j] = labels[i]
                queue[last] = j
                last += 1


@compiled
def smoothed(start, neighbours, values, chosen, rounds):  # type: ignore[no-untyped-def]
    """Means (V, C) of chosen vertices and their chosen neighbours, taken several times; the others keep theirs."""
    current = values.copy()
    for _ in range(rounds):
        before = current.copy()
        for i in range(values.shape[0]):
            if chosen[i]:
                count = 1
                for k in range(start[i], start[i + 1]):
                    j = neighbours[k]
                    if chosen[j]:
                        count += 1
                        for channel in range(values.shape[1]):
                            current[i, channel] += before[j, channel]
                for channel in range(values.shape[1]):
                    current[i, channel] /= count
    return current


@compiled
def clean(labels, uncertain):  # type: ignore[no-untyped-def]
    """Tidy labels (H, W) up in place, twice: what the first time leaves beside others is alone then."""
    cleaned = np.empty_like(labels)
    _cleaned(labels, uncertain, cleaned)
    _cleaned(cleaned, uncertain, labels)


@compiled
def _cleaned(labels, uncertain, cleaned):  # type: ignore[no-untyped-def]
    """Give single pixels that differ from all four neighbours the label of most of these, and smooth uncertain places.

    An uncertain pixel of a large region takes the commonest label of the 5 x 5 around it.
    """
    height, width = labels.shape
    cleaned[:] = labels
    count = np.zeros(REGION_COUNT, np.int32)
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            own = labels[y, x]
            up, down, left, right = labels[y - 1, x], labels[y + 1, x], labels[y, x - 1], labels[y, x + 1]
            if own == up and own == down and own == left and own == right:
                continue
            if own != up and own != down and own != left and own != right:
                if up == down or up == left or up == right:  # noqa: SIM109 - compiled code is fastest so
                    cleaned[y, x] = up
                elif down == left or down == right:  # noqa: SIM109
                    cleaned[y, x] = down
                elif left == right:
                    cleaned[y, x] = left
            if uncertain[y, x] and _LARGE[own]:
                count[:] = 0
                for j in range(max(0, y - 2), min(height, y + 3)):
                    for i in range(max(0, x - 2), min(width, x + 3)):
                        count[labels[j, i]] += 1
                best = own
                for region in range(REGION_COUNT):
                    if _LARGE[region] and count[region] > count[best]:
                        best = region
                cleaned[y, x] = best
