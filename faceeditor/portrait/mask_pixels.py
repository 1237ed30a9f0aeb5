"""From the pixels of a mask file to labels: numbers or colours, soft rims, and pictures that are no masks."""

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from faceeditor.errors import ImageError
from faceeditor.images import SourceImage
from faceeditor.images.orientation import turned
from faceeditor.images.source import to_srgb
from faceeditor.portrait.label_fill import fill_from_nearest
from faceeditor.portrait.mask_labels import COLOURS, LabelOrder, legend
from faceeditor.portrait.resampling import WORK_SIDE
from faceeditor.regions import PALETTE, REGION_COUNT, REGION_NAMES, MaskArray

NO_LABEL = 255
_MIN_FOREIGN_LABELS = 5  # labels that a mask in the colours of another program shows at least
_MIN_SPREAD_LABELS = 6  # different values that a mask of spread greys has at least
_EXACT = 2  # largest difference of a channel of a colour that was not mixed
_TOLERANCE = 12  # largest difference of a channel that still counts as a palette colour
_MAX_STRAY = 0.05  # share of pixels off the palette (soft edges, JPEG) that is put right silently but for a note
_MAX_RIM_STRAY = 0.15  # the same where nearly all of them lie beside a flat area
_RIM, _JPEG_BLOCK = 4.0, 8.0  # how far from it: pixels of a mask of 256 a side, and at least a JPEG's block of the file
_MAX_SOFT_STRAY = 0.4  # the same where all stray pixels lie on the rims of smoothly enlarged areas

_SCALES = {1: (255,), 2: (85,), 4: (17,), 16: (257,), 32: (257,)}  # what decoding multiplies by, by the file's depth
_SOFT = 0.2  # share of steps between pixels that go on in the same direction, above which rims are soft


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of a mask file.

    Attributes:
        values: (N, N) uint8, 0 to 18.
        order: the order of the labels, None where only numbers were given, which may be of either order.
        notes: sentences on what was changed.
    """

    values: MaskArray
    order: LabelOrder | None
    notes: list[str] = field(default_factory=list)


def labels_of_palette(image: Image.Image, name: str) -> Labels:
    """Labels of a palette picture (mode P): by its colours if these are labels or known colours, else its numbers.

    Image programs sort palettes anew and drop unused entries, so that colours are the better witness.

    Raises:
        ImageError: neither numbers nor colours are those of a mask.
    """
    indices = np.array(turned(np.asarray(image), _orientation(image)), np.uint8)
    clear = _clear_entries(image)[indices]
    colours = np.zeros((256, 3), np.uint8)
    entries = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)[:256]
    colours[: len(entries)] = entries
    used = np.unique(indices[~clear])
    notes: list[str] = []
    known = _known_colours(colours[used][None])
    if known is not None and len(used):
        order, table = known
        lookup = np.zeros(256, np.uint8)
        lookup[used] = table[0]
        values = lookup[indices]
    elif len(used) and (colours[used] == colours[used][:, :1]).all() and colours[used].max() < REGION_COUNT:
        order, values = None, colours[indices][..., 0]
    elif len(used) == 0 or used.max() < REGION_COUNT:
        order, values = None, indices
    else:
        return _labels_of_colours(colours[indices], None, clear, name)
    return Labels(_erased(values, clear, notes), order, notes)


def labels_of_samples(source: SourceImage, name: str) -> Labels:
    """Labels of a picture without palette: grey numbers of any depth, or colours.

    Raises:
        ImageError: neither numbers nor colours are those of a mask.
    """
    samples: npt.NDArray[Any] = np.asarray(source.samples)
    clear = np.zeros(samples.shape[:2], np.bool_)
    if source.alpha is not None:
        alpha: npt.NDArray[Any] = np.asarray(source.alpha)
        clear = alpha < (128 if source.bits == 8 else 32768)
        if clear.all():
            clear = np.zeros_like(clear)
    numbers = _numbers(samples, source.depth, clear)
    if numbers is None and samples.shape[2] == 1:
        numbers = samples[..., 0]  # whose wrong values are named
    if numbers is None:
        eight_bit = samples if samples.dtype == np.uint8 else np.asarray((samples.astype(np.uint32) + 128) // 257)
        return _labels_of_colours(np.asarray(eight_bit, np.uint8), source, clear, name)
    notes: list[str] = []
    spread = _spread(numbers[~clear])
    if spread > 1:
        numbers = numbers // spread
        notes.append(f"The values were spread by the factor {spread} and were divided by it.")
    soft = _is_soft(numbers)
    if soft:
        numbers, clear = _thinned(numbers), _thinned(clear.astype(np.uint8)).astype(np.bool_)
        numbers = _hardened(numbers)
        notes.append("Soft edges between the regions were made hard.")
    values = _checked_values(numbers, name, clear)
    return Labels(_erased(values, clear, notes), None, notes)


def fragmentation(labels: MaskArray) -> float:
    """Share of neighbouring pixels that differ, as if the mask had 256 pixels a side; 1 to 2.5 % in masks of faces."""
    step = max(1, labels.shape[0] // 256)
    thin = labels[::step, ::step]
    share = ((thin[:, 1:] != thin[:, :-1]).mean() + (thin[1:] != thin[:-1]).mean()) / 2
    return float(share) * min(1.0, thin.shape[0] / 256)


def _numbers(samples: npt.NDArray[Any], depth: int, clear: npt.NDArray[np.bool_]) -> npt.NDArray[Any] | None:
    """(N, N) numbers if all channels say the same, or only one of them anything, and these may be labels; else None."""
    planes = [samples[..., channel] for channel in range(samples.shape[2])]
    if len(planes) == 3:
        filled = [plane for plane in planes if plane[~clear].any()]
        if len(filled) == 1:
            planes = filled
        elif not (np.array_equal(planes[0], planes[1]) and np.array_equal(planes[0], planes[2])):
            return None
    numbers = planes[0]
    opaque = numbers[~clear]
    if opaque.size == 0 or opaque.max() < REGION_COUNT:
        return numbers
    for scale in _SCALES.get(depth, ()):
        if (opaque % scale == 0).all() and opaque.max() // scale < REGION_COUNT:
            return numbers // scale
    if _is_soft(numbers):
        return numbers
    return None if samples.shape[2] == 3 else numbers


def _spread(numbers: npt.NDArray[Any]) -> int:
    """The factor by which labels were multiplied so that they can be seen as greys; 1 if they were not."""
    present = np.unique(numbers)
    factor = int(np.gcd.reduce(present)) if len(present) >= _MIN_SPREAD_LABELS else 1
    return factor if factor > 1 and int(present[-1]) >= REGION_COUNT > int(present[-1]) // factor else 1


def _labels_of_colours(
    pixels: npt.NDArray[np.uint8], source: SourceImage | None, clear: npt.NDArray[np.bool_], name: str
) -> Labels:
    """Labels by colour; with a profile the colours are looked for as stored and as converted to sRGB."""
    notes: list[str] = []
    candidates = [pixels]
    if source is not None and source.icc is not None:
        candidates.append(to_srgb(source.samples, source.icc))
    found: list[tuple[float, MaskArray, npt.NDArray[np.uint8], str]] = []
    for candidate in candidates:
        thin, thin_clear = _thinned(candidate), _thinned(clear.astype(np.uint8)).astype(bool)
        for owner, (_, palette) in COLOURS.items():
            matched = _matched(thin, palette)
            matched[thin_clear] = 0
            stray = float((matched == NO_LABEL).mean())
            # Their colours are plain ones: a drawing in black and red is no mask of theirs.
            if owner != "Face Editor" and len(np.unique(matched[matched != NO_LABEL])) < _MIN_FOREIGN_LABELS:
                stray = 1.0
            found.append((stray, matched, thin, owner))
    stray, matched, pixels, owner = min(found, key=lambda each: each[0])
    order, palette = COLOURS[owner]
    if stray > _MAX_SOFT_STRAY or (stray > _MAX_STRAY and not _strays_are_rims(matched, pixels, palette)):
        raise ImageError(
            f"“{name}” is not in the colours of a mask: {stray:.1%} of its pixels match no region; save it as a grey "
            f"PNG with the values 0 to {REGION_COUNT - 1}, or use these colours: {_colour_legend()}."
        )
    if owner != "Face Editor":
        notes.append(f"The colours are those of {owner}.")
    if stray > 0:
        matched = _rims_decided(matched, pixels, palette)
        notes.append(f"{stray:.2%} of the pixels were off the palette and took the region beside them.")
    if clear.any():
        notes.append("Transparent pixels became background.")
    return Labels(matched, order, notes)


def _erased(values: MaskArray, clear: npt.NDArray[np.bool_], notes: list[str]) -> MaskArray:
    """The labels with background where the file is transparent."""
    if not clear.any():
        return np.ascontiguousarray(values, np.uint8)
    notes.append("Transparent pixels became background.")
    return np.where(clear, np.uint8(0), values).astype(np.uint8)


def _clear_entries(image: Image.Image) -> npt.NDArray[np.bool_]:
    """(256,) which entries of the palette are transparent."""
    clear = np.zeros(256, np.bool_)
    transparency = image.info.get("transparency")
    if isinstance(transparency, bytes):
        alphas = np.frombuffer(transparency, np.uint8)[:256]
        clear[: len(alphas)] = alphas < 128
    elif isinstance(transparency, int) and 0 <= transparency < 256:
        clear[transparency] = True
    return clear


def _orientation(image: Image.Image) -> int:
    try:
        value = int(image.getexif().get(0x0112, 1))
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError):
        return 1
    return value if 1 <= value <= 8 else 1


def _known_colours(colours: npt.NDArray[np.uint8]) -> tuple[LabelOrder, MaskArray] | None:
    """The order and labels of colours (1, N, 3) that all belong to one known palette, else None."""
    for order, palette in COLOURS.values():
        matched = _matched(colours, palette)
        if (matched != NO_LABEL).all():
            return order, matched
    return None


def _checked_values(values: npt.NDArray[Any], name: str, clear: npt.NDArray[np.bool_]) -> MaskArray:
    """The values if none is above 18, else an ImageError naming the first wrong ones and how many there are."""
    wrong, counts = np.unique(values[(values >= REGION_COUNT) & ~clear], return_counts=True)
    if len(wrong):
        listed = ", ".join(f"{value} ({count} pixels)" for value, count in zip(wrong[:3], counts[:3], strict=True))
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise ImageError(
            f"“{name}” holds values that are no regions: {listed}{more}; a grey mask may only hold 0 to "
            f"{REGION_COUNT - 1} ({legend()}), so check how it was made."
        )
    return np.where(clear, 0, values).astype(np.uint8)


def _thinned(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Pixels with a side of at most `WORK_SIDE`, without mixing any."""
    if pixels.shape[0] <= WORK_SIDE:
        return pixels
    return np.asarray(
        cv2.resize(np.ascontiguousarray(pixels), (WORK_SIDE, WORK_SIDE), interpolation=cv2.INTER_NEAREST_EXACT)
    )


def _matched(pixels: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8] = PALETTE) -> MaskArray:
    """Label of each (N, M, 3) uint8 pixel by palette colour, 255 where none is near."""
    matched = np.full(pixels.shape[:2], NO_LABEL, np.uint8)
    nearest = np.full(pixels.shape[:2], 3 * 255, np.int16)
    channels = [pixels[..., channel].astype(np.int16) for channel in range(3)]
    for label, colour in enumerate(palette.astype(np.int16)):
        differences = [np.abs(channel - level) for channel, level in zip(channels, colour, strict=True)]
        largest = np.maximum(np.maximum(differences[0], differences[1]), differences[2])
        total = differences[0] + differences[1] + differences[2]
        better = (largest <= _TOLERANCE) & (total < nearest)
        matched[better] = label
        nearest[better] = total[better]
    return matched


def _is_soft(values: npt.NDArray[Any]) -> bool:
    """Whether edges pass through values in between, as after a smooth change of size.

    In a mask with hard edges hardly any three neighbours rise or fall twice; in a smooth one most edges do.
    """
    rising, changes = 0, 0
    numbers = values.astype(np.int32)
    for axis in (0, 1):
        step = np.sign(np.diff(numbers, axis=axis))
        first, second = (step[:-1], step[1:]) if axis == 0 else (step[:, :-1], step[:, 1:])
        rising += int(((first == second) & (first != 0)).sum())
        changes += int((step != 0).sum())
    return changes > 0 and rising / changes > _SOFT


def _hardened(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Numbers whose soft rims took, pixel by pixel, the nearer in value of the two areas that meet there."""
    cores = _cores(values)
    present = np.unique(values[cores])
    distances = _distances(values, cores, present)
    return _nearer(distances, np.abs(values[None].astype(np.float32) - present[:, None, None]), present, values, cores)


def _cores(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where the values are flat over a window wider than a step of a rim is."""
    kernel = np.ones((_window(values),) * 2, np.uint8)
    numbers = np.ascontiguousarray(values, np.uint16)
    return np.asarray(cv2.dilate(numbers, kernel) == cv2.erode(numbers, kernel))


def _window(values: npt.NDArray[Any]) -> int:
    """Side of a window in which a soft rim is never flat, from the length of the steep ones."""
    step = np.diff(values.astype(np.int32), axis=1)
    rising = np.sign(step)
    lengths: list[int] = []
    for row, signs in zip(step, rising, strict=True):
        edges = np.flatnonzero(np.diff(signs)) + 1
        for run in np.split(np.arange(len(row)), edges):
            if signs[run[0]] != 0 and abs(int(row[run].sum())) >= 8:
                lengths.append(len(run))
    return 2 * (int(np.median(lengths)) // 4) + 3 if lengths else 3


def _distances(
    values: npt.NDArray[Any], cores: npt.NDArray[np.bool_], present: npt.NDArray[Any]
) -> npt.NDArray[np.float32]:
    """(K, N, N) distance of every pixel to the nearest core of each of K values."""
    return np.stack(
        [cv2.distanceTransform(1 - ((values == value) & cores).astype(np.uint8), cv2.DIST_L2, 5) for value in present]
    )


def _nearer(
    distances: npt.NDArray[np.float32],
    differences: npt.NDArray[np.float32],
    present: npt.NDArray[Any],
    values: npt.NDArray[Any],
    cores: npt.NDArray[np.bool_],
) -> npt.NDArray[Any]:
    """For pixels off the cores: of the two values whose cores are nearest, the one that differs less."""
    if len(present) < 2:
        return values
    two = np.argpartition(distances, 1, axis=0)[:2]
    first, second = np.take_along_axis(differences, two, 0)
    near, far = np.take_along_axis(distances, two, 0)
    takes_first = (first < second) | ((first == second) & (near <= far))
    chosen = np.where(takes_first, two[0], two[1])
    return np.where(cores, values, present[chosen])


def _strays_are_rims(matched: MaskArray, pixels: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> bool:
    """Whether nearly all stray pixels lie close to flat areas (JPEG) or are mixtures of the two nearest ones."""
    stray = matched == NO_LABEL
    cores = _cores(matched) & ~stray
    present = np.unique(matched[cores])
    if len(present) < 2:
        return False
    distances = _distances(matched, cores, present)
    close = distances.min(0)[stray] <= max(_JPEG_BLOCK, _RIM * matched.shape[0] / 256)
    if stray.mean() <= _MAX_RIM_STRAY and close.mean() > 0.9:
        return True
    two = np.argpartition(distances, 1, axis=0)[:2][:, stray]
    a, b = (palette[present[index]].astype(np.float32) for index in two)
    colour = pixels[stray].astype(np.float32)
    span = b - a
    share = np.clip((((colour - a) * span).sum(1)) / np.maximum((span**2).sum(1), 1e-6), 0, 1)
    off = np.abs(a + share[:, None] * span - colour).max(1)
    return float((off > 2 * _TOLERANCE).mean()) < 0.1


def _rims_decided(matched: MaskArray, pixels: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> MaskArray:
    """Labels whose soft rims took the nearer in colour of the two areas that meet there.

    A mixture of two colours may come near to a third one, so only exact colours and flat areas are believed.
    """
    known = matched != NO_LABEL
    cores = _cores(matched) & known
    present = np.unique(matched[cores])
    if len(present) < 2:
        return fill_from_nearest(matched, matched == NO_LABEL)
    off = np.abs(pixels.astype(np.int16) - palette[np.where(known, matched, 0)]).max(2)
    exact = known & (off <= _EXACT) & np.isin(matched, present)
    differences = np.stack([np.abs(pixels.astype(np.float32) - palette[label]).sum(2) for label in present])
    decided = _nearer(_distances(matched, cores, present), differences, present, matched, cores)
    return np.asarray(np.where(exact, matched, decided), np.uint8)


def _colour_legend() -> str:
    """Names and colours of the palette, "Skin #E7B294, ..."."""
    return ", ".join(f"{name} #{r:02X}{g:02X}{b:02X}" for name, (r, g, b) in zip(REGION_NAMES, PALETTE, strict=True))
