"""Compiled loops over the pixels of a tile: what `composite` does to each, without arrays in between.

Fields lie on the wide grid and are looked up bilinearly where a pixel needs them; `to_grid` (2, 3) float64 takes pixel
indices to grid indices. The formulas of light are those of `tone`.

Whether motion or light touches a pixel is decided by `offset`, `is_away` and `leaves_one` alone, here and in `touched`.
"""

import numpy as np

from faceeditor.head.jit import compiled, compiled_exactly
from faceeditor.photo.tone import KNEE


@compiled_exactly
def corner(rows, columns, to_grid, x, y):  # type: ignore[no-untyped-def]
    """Row and column of a grid of so many rows and columns at a pixel, and how far it lies towards the next ones."""
    column = to_grid[0, 0] * x + to_grid[0, 1] * y + to_grid[0, 2]
    row = to_grid[1, 0] * x + to_grid[1, 1] * y + to_grid[1, 2]
    column = min(max(column, 0.0), columns - 1.0)
    row = min(max(row, 0.0), rows - 1.0)
    j, i = min(int(column), columns - 2), min(int(row), rows - 2)
    return i, j, np.float32(row - i), np.float32(column - j)


@compiled_exactly
def at(grid, i, j, down, across, plane):  # type: ignore[no-untyped-def]
    """A plane of a grid (H, W, C) between four of its pixels."""
    top = grid[i, j, plane] + across * (grid[i, j + 1, plane] - grid[i, j, plane])
    bottom = grid[i + 1, j, plane] + across * (grid[i + 1, j + 1, plane] - grid[i + 1, j, plane])
    return top + down * (bottom - top)


@compiled_exactly
def at2(grid, i, j, down, across):  # type: ignore[no-untyped-def]
    """A grid (H, W) between four of its pixels."""
    top = grid[i, j] + across * (grid[i, j + 1] - grid[i, j])
    bottom = grid[i + 1, j] + across * (grid[i + 1, j + 1] - grid[i + 1, j])
    return top + down * (bottom - top)


@compiled_exactly
def offset(offsets, to_offsets, linear, px, py):  # type: ignore[no-untyped-def]
    """How far away a pixel comes from, in pixels across and down."""
    i, j, down, across = corner(offsets.shape[0], offsets.shape[1], to_offsets, px, py)
    u, v = at(offsets, i, j, down, across, 0), at(offsets, i, j, down, across, 1)
    return linear[0, 0] * u + linear[0, 1] * v, linear[1, 0] * u + linear[1, 1] * v


@compiled_exactly
def is_away(dx, dy, still):  # type: ignore[no-untyped-def]
    """Whether an offset is longer than `still`."""
    return dx * dx + dy * dy > still * still


@compiled_exactly
def leaves_one(value, least):  # type: ignore[no-untyped-def]
    """Whether a gain differs from 1 by `least`."""
    return abs(value - np.float32(1)) >= least


@compiled_exactly
def _gain_leaves_one(gain, to_gain, px, py, least):  # type: ignore[no-untyped-def]
    """Whether a gain (N, N, 3) differs from 1 by `least` at a pixel, in any channel."""
    i, j, down, across = corner(gain.shape[0], gain.shape[1], to_gain, px, py)
    found = False
    for c in range(3):
        found |= leaves_one(at(gain, i, j, down, across, c), least)
    return found


@compiled
def touched(  # type: ignore[no-untyped-def]
    left, top, offsets, to_offsets, linear, still, gain, to_gain, around, to_around, least, out
):
    """Mark the pixels (h, w) of a rectangle that move by more than `still` or whose gains leave 1 by `least`.

    Args:
        offsets, gain, around: as of `places` and `light_up`; empty where there is none.
        out: written to.
    """
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            px, py = left + x, top + y
            found = False
            if offsets.shape[0] > 0:
                dx, dy = offset(offsets, to_offsets, linear, px, py)
                found = is_away(dx, dy, still)
            if gain.shape[0] > 0 and not found:
                found = _gain_leaves_one(gain, to_gain, px, py, least)
            if around.shape[0] > 0 and not found:
                found = _gain_leaves_one(around, to_around, px, py, least)
            out[y, x] = found


@compiled
def as_values(picture, scale, left, top, values):  # type: ignore[no-untyped-def]
    """Values (h, w, 3) 0..1 of a picture's samples; `scale` is 1 over the largest."""
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            for c in range(3):
                values[y, x, c] = np.float32(picture[top + y, left + x, c]) * scale


@compiled
def as_samples(values, changed, most, out, left, top):  # type: ignore[no-untyped-def]
    """Write values 0..1 as samples, where they are changed, from (left, top) on; `most` is the largest sample."""
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            if changed[y, x]:
                for c in range(3):
                    out[top + y, left + x, c] = int(np.rint(min(max(values[y, x, c] * most, np.float32(0)), most)))


@compiled
def _opacity(picture, scale, px, py, alpha, model, i, j, down, across):  # type: ignore[no-untyped-def]
    """Opacity of the person at a pixel of the photograph as it is: exactly 0 and 1 where the matte is."""
    zero, one, most = np.float32(0), np.float32(1), np.float32(0.35)
    coarse = at2(alpha, i, j, down, across)
    if coarse <= zero or coarse >= one:
        return coarse
    fine = at(model, i, j, down, across, 3)
    for c in range(3):
        fine += at(model, i, j, down, across, c) * np.float32(picture[py, px, c]) * scale
    fine = min(max(fine, zero), one)
    # Where the local model is far off, as in texture, the coarse matte is the safer one.
    fine = min(max(fine, coarse - most), coarse + most)
    return min(max(fine, zero), one)


@compiled
def opacities(picture, scale, left, top, alpha, model, to_matte, out):  # type: ignore[no-untyped-def]
    """(h, w) opacity of the person in the photograph as it is."""
    rows, columns = alpha.shape
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            i, j, down, across = corner(rows, columns, to_matte, left + x, top + y)
            out[y, x] = _opacity(picture, scale, left + x, top + y, alpha, model, i, j, down, across)


@compiled
def _behind(picture, scale, px, py, clear, matte_clear, matte_behind, mirror, to_matte, linear, textured):  # type: ignore[no-untyped-def]
    """Colours behind the person at a pixel where the photograph is not `clear` background.

    The filled background, with detail finer than its grid from the mirror image across the person's outline.
    """
    rows, columns = matte_clear.shape
    i, j, down, across = corner(rows, columns, to_matte, px, py)
    total, red, green, blue = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    if textured:
        u, v = at(mirror, i, j, down, across, 0), at(mirror, i, j, down, across, 1)
        sx = np.float32(px) + linear[0, 0] * u + linear[0, 1] * v
        sy = np.float32(py) + linear[1, 0] * u + linear[1, 1] * v
        tx, ty = int(np.floor(sx)), int(np.floor(sy))
        fx, fy = sx - np.float32(tx), sy - np.float32(ty)
        for dy in range(2):
            for dx in range(2):
                qx, qy = tx + dx, ty + dy
                weight = (fx if dx else np.float32(1) - fx) * (fy if dy else np.float32(1) - fy)
                if weight <= 0 or qx < 0 or qy < 0 or qx >= picture.shape[1] or qy >= picture.shape[0]:
                    continue
                ti, tj, td, ta = corner(rows, columns, to_matte, qx, qy)
                if at2(matte_clear, ti, tj, td, ta) < np.float32(1):
                    continue
                total += weight
                red += weight * (np.float32(picture[qy, qx, 0]) * scale - at(matte_behind, ti, tj, td, ta, 0))
                green += weight * (np.float32(picture[qy, qx, 1]) * scale - at(matte_behind, ti, tj, td, ta, 1))
                blue += weight * (np.float32(picture[qy, qx, 2]) * scale - at(matte_behind, ti, tj, td, ta, 2))
    if total <= np.float32(0.99):
        red = green = blue = np.float32(0)
    red = _mixed(at(matte_behind, i, j, down, across, 0) + red, np.float32(picture[py, px, 0]) * scale, clear)
    green = _mixed(at(matte_behind, i, j, down, across, 1) + green, np.float32(picture[py, px, 1]) * scale, clear)
    blue = _mixed(at(matte_behind, i, j, down, across, 2) + blue, np.float32(picture[py, px, 2]) * scale, clear)
    return red, green, blue


@compiled
def _mixed(behind, value, clear):  # type: ignore[no-untyped-def]
    return min(max(behind, np.float32(0)), np.float32(1)) + clear * (value - behind)


@compiled
def take_apart(  # type: ignore[no-untyped-def]
    picture, scale, left, top, alpha, model, clear, behind, mirror, to_matte, linear, textured, person
):
    """What the person adds to the background, and its opacity, (h, w, 4).

    The colours are what is left of the photograph without the background that shines through: put back where they were,
    they give the photograph again. Single hairs beside the matte are in them too.
    """
    one = np.float32(1)
    rows, columns = alpha.shape
    for y in range(person.shape[0]):
        for x in range(person.shape[1]):
            px, py = left + x, top + y
            i, j, down, across = corner(rows, columns, to_matte, px, py)
            cover = _opacity(picture, scale, px, py, alpha, model, i, j, down, across)
            person[y, x, 3] = cover
            red = np.float32(picture[py, px, 0]) * scale
            green = np.float32(picture[py, px, 1]) * scale
            blue = np.float32(picture[py, px, 2]) * scale
            if cover < one:
                free = at2(clear, i, j, down, across)
                r, g, b = red, green, blue
                if free < one:
                    r, g, b = _behind(picture, scale, px, py, free, clear, behind, mirror, to_matte, linear, textured)
                red, green, blue = red - (one - cover) * r, green - (one - cover) * g, blue - (one - cover) * b
            person[y, x, 0], person[y, x, 1], person[y, x, 2] = red, green, blue


@compiled
def backgrounds(  # type: ignore[no-untyped-def]
    picture, scale, left, top, clear, behind, mirror, to_matte, linear, textured, out, free
):
    """(h, w, 3) what is behind the person, the photograph itself where that is clear, and (h, w) how far it is."""
    rows, columns = clear.shape
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            px, py = left + x, top + y
            i, j, down, across = corner(rows, columns, to_matte, px, py)
            share = at2(clear, i, j, down, across)
            free[y, x] = share
            if share < np.float32(1):
                r, g, b = _behind(picture, scale, px, py, share, clear, behind, mirror, to_matte, linear, textured)
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = r, g, b
            else:
                for c in range(3):
                    out[y, x, c] = np.float32(picture[py, px, c]) * scale


@compiled
def places(  # type: ignore[no-untyped-def]
    left, top, offsets, to_offsets, linear, clear, to_matte, still, xs, ys, changed
):
    """Where the pixels of a rectangle come from, in pixel indices, and which of them a motion changes.

    A pixel is changed if it moves by more than `still`, and if the person is or was there.

    Returns:
        first and last row and column of what is changed, the lowest and highest places of that; rows are empty if
        nothing is.
    """
    one = np.float32(1)
    rows, columns = clear.shape
    first_row, last_row, first_column, last_column = xs.shape[0], -1, xs.shape[1], -1
    low_x, low_y, high_x, high_y = np.float32(1e9), np.float32(1e9), np.float32(-1e9), np.float32(-1e9)
    for y in range(xs.shape[0]):
        for x in range(xs.shape[1]):
            px, py = left + x, top + y
            dx, dy = offset(offsets, to_offsets, linear, px, py)
            sx, sy = np.float32(px) + dx, np.float32(py) + dy
            xs[y, x], ys[y, x] = sx, sy
            touched = False
            if is_away(dx, dy, still):
                i, j, down, across = corner(rows, columns, to_matte, px, py)
                touched = at2(clear, i, j, down, across) < one
                if not touched:
                    i, j, down, across = corner(rows, columns, to_matte, sx, sy)
                    touched = at2(clear, i, j, down, across) < one
            changed[y, x] = touched
            if touched:
                first_row, last_row = min(first_row, y), max(last_row, y)
                first_column, last_column = min(first_column, x), max(last_column, x)
                low_x, high_x = min(low_x, sx), max(high_x, sx)
                low_y, high_y = min(low_y, sy), max(high_y, sy)
    return first_row, last_row + 1, first_column, last_column + 1, low_x, low_y, high_x, high_y


@compiled
def most_shrunk(xs, ys):  # type: ignore[no-untyped-def]
    """Largest distance of the places of two neighbours, along either axis."""
    most = np.float32(0)
    for y in range(xs.shape[0]):
        for x in range(xs.shape[1]):
            if x > 0:
                a, b = xs[y, x] - xs[y, x - 1], ys[y, x] - ys[y, x - 1]
                most = max(most, a * a + b * b)
            if y > 0:
                a, b = xs[y, x] - xs[y - 1, x], ys[y, x] - ys[y - 1, x]
                most = max(most, a * a + b * b)
    return np.sqrt(most)


@compiled
def put_over(  # type: ignore[no-untyped-def]
    picture, scale, left, top, column, row, found, clear, behind, mirror, to_matte, linear, textured, changed, values,
    alpha, filled
):  # fmt: skip
    """Lay the moved person over the background where a motion changes the picture.

    Args:
        column, row: where `found` begins in the tile.
        found: (h, w, 4) the person as it was looked up, and its opacity.
        changed: (H, W) where.
        values, alpha: (H, W, 3) and (H, W), written to there.
        filled: (H, W), how far background is seen that the photograph does not show.
    """
    zero, one = np.float32(0), np.float32(1)
    rows, columns = clear.shape
    for i_found in range(found.shape[0]):
        for j_found in range(found.shape[1]):
            y, x = row + i_found, column + j_found
            if not changed[y, x]:
                continue
            cover = min(max(found[i_found, j_found, 3], zero), one)
            red, green, blue = found[i_found, j_found, 0], found[i_found, j_found, 1], found[i_found, j_found, 2]
            alpha[y, x] = cover
            if cover < one:
                px, py = left + x, top + y
                i, j, down, across = corner(rows, columns, to_matte, px, py)
                free = at2(clear, i, j, down, across)
                r = np.float32(picture[py, px, 0]) * scale
                g = np.float32(picture[py, px, 1]) * scale
                b = np.float32(picture[py, px, 2]) * scale
                if free < one:
                    r, g, b = _behind(picture, scale, px, py, free, clear, behind, mirror, to_matte, linear, textured)
                    filled[y, x] = (one - cover) * (one - free)
                red, green, blue = red + (one - cover) * r, green + (one - cover) * g, blue + (one - cover) * b
            values[y, x, 0] = min(max(red, zero), one)
            values[y, x, 1] = min(max(green, zero), one)
            values[y, x, 2] = min(max(blue, zero), one)


@compiled
def _looked_up(table, place):  # type: ignore[no-untyped-def]
    low = min(int(place), table.shape[0] - 2)
    return table[low] + (table[low + 1] - table[low]) * (place - np.float32(low))


@compiled
def _rolled(light):  # type: ignore[no-untyped-def]
    knee = np.float32(KNEE)
    if light <= knee:
        return light
    room = np.float32(1) - knee
    return knee + room * (np.float32(1) - np.exp((knee - light) / room))


@compiled
def light_up(  # type: ignore[no-untyped-def]
    left, top, values, alpha, changed, gain, to_gain, around, to_around, least, linear, encoded
):
    """Multiply linear light by the gains of the person and of what is around; highlights roll off (`tone`).

    A gain of 1 gives the values back, highlights included: what is compressed is the difference.

    Args:
        values, changed: (h, w, 3) and (h, w), written to where a gain leaves 1 by `least`.
        alpha: (h, w) the person's share.
        gain, around: fields (N, N, 3); empty where there is none.
        linear, encoded: tables of `tone`.
    """
    zero, one, top_level = np.float32(0), np.float32(1), np.float32(linear.shape[0] - 1)
    total = np.empty(3, np.float32)
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            cover = alpha[y, x]
            total[:] = one
            leaves = False
            if gain.shape[0] > 0 and cover > zero:
                i, j, down, across = corner(gain.shape[0], gain.shape[1], to_gain, left + x, top + y)
                for c in range(3):
                    factor = at(gain, i, j, down, across, c)
                    leaves |= leaves_one(factor, least)
                    total[c] += cover * (factor - one)
            if around.shape[0] > 0 and cover < one:
                i, j, down, across = corner(around.shape[0], around.shape[1], to_around, left + x, top + y)
                for c in range(3):
                    factor = at(around, i, j, down, across, c)
                    leaves |= leaves_one(factor, least)
                    total[c] += (one - cover) * (factor - one)
            if not leaves or max(abs(total[0] - one), abs(total[1] - one), abs(total[2] - one)) < least:
                continue
            changed[y, x] = True
            for c in range(3):
                light = _looked_up(linear, min(max(values[y, x, c], zero), one) * top_level)
                lit = light + _rolled(light * total[c]) - _rolled(light)
                values[y, x, c] = _looked_up(encoded, np.sqrt(min(max(lit, zero), one)) * top_level)
