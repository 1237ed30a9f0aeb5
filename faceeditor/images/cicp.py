"""Colour spaces named by code points (cICP of PNG, nclx of AVIF; ITU-T H.273) as ICC profiles."""

import struct
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Curve = npt.NDArray[np.float64]

_PRIMARIES: dict[int, tuple[tuple[float, float], ...]] = {
    # red, green, blue, white as CIE 1931 x, y (H.273, table 2)
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), (0.3127, 0.3290)),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), (0.3127, 0.3290)),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), (0.3127, 0.3290)),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), (0.3127, 0.3290)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290)),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290)),
}
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_SAMPLES = 4096


def _srgb(x: Curve) -> Curve:
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def _pq(x: Curve) -> Curve:
    """SMPTE ST 2084 in units of reference white (203 cd/m2, ITU-R BT.2408); what is brighter is white."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = x ** (1 / m2)
    light = (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    return np.minimum(1.0, light * 10_000 / 203)


def _hlg(x: Curve) -> Curve:
    """Inverse OETF of ITU-R BT.2100 HLG, where a signal of 0.75 is reference white (BT.2408)."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)

    def scene(v: Curve) -> Curve:
        return np.where(v <= 0.5, v * v / 3, (np.exp((v - c) / a) + b) / 12)

    return np.minimum(1.0, scene(x) / scene(np.array(0.75)))


_TRANSFERS: dict[int, Callable[[Curve], Curve]] = {
    # 1, 6, 14, 15 are camera curves of video, whose displays show them by a gamma near that of sRGB.
    1: _srgb,
    4: lambda x: x**2.2,
    5: lambda x: x**2.8,
    6: _srgb,
    8: lambda x: x,
    13: _srgb,
    14: _srgb,
    15: _srgb,
    16: _pq,
    18: _hlg,
}


def icc_of(primaries: int, transfer: int) -> bytes | None:
    """An ICC profile (version 2, matrix and curves) of a colour space named by code points.

    Returns:
        The profile, or None for sRGB, for unspecified and for unknown code points.
    """
    chosen, curve = _PRIMARIES.get(primaries), _TRANSFERS.get(transfer)
    if chosen is None or curve is None or (primaries == 1 and curve is _srgb):
        return None
    values = np.rint(np.clip(curve(np.linspace(0, 1, _SAMPLES)), 0, 1) * 65535).astype(">u2")
    curve_tag = struct.pack(">4sII", b"curv", 0, _SAMPLES) + values.tobytes()
    tags = {
        b"desc": _description(f"H.273 {primaries}/{transfer}"),
        b"cprt": struct.pack(">4sI", b"text", 0) + b"No copyright\0",
        b"wtpt": _xyz(_D50),
        **{name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), _matrix(chosen).T, strict=True)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve_tag),
    }
    return _profile(tags)


def _matrix(points: tuple[tuple[float, float], ...]) -> Curve:
    """(3, 3) linear RGB -> XYZ adapted to D50 by Bradford."""
    xyz = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in points]).T
    white = xyz[:, 3]
    matrix = xyz[:, :3] * np.linalg.solve(xyz[:, :3], white)
    gain = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    return np.asarray(np.linalg.solve(_BRADFORD, gain[:, None] * (_BRADFORD @ matrix)))


def _xyz(values: Curve) -> bytes:
    return struct.pack(">4sI3i", b"XYZ ", 0, *(round(float(v) * 65536) for v in values))


def _description(text: str) -> bytes:
    data = text.encode("ascii") + b"\0"
    return struct.pack(">4sII", b"desc", 0, len(data)) + data + bytes(4 + 4 + 2 + 1 + 67)


def _profile(tags: dict[bytes, bytes]) -> bytes:
    """The file: header of 128 bytes, tag table, tags (alike ones once)."""
    table, body = b"", b""
    places: dict[bytes, int] = {}
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        if data not in places:
            places[data] = start + len(body)
            body += data + bytes(-len(data) % 4)
        table += name + struct.pack(">II", places[data], len(data))
    illuminant = struct.pack(">3i", *(round(float(v) * 65536) for v in _D50))
    size = struct.pack(">I", start + len(body))
    header = size + bytes(4) + struct.pack(">I", 0x02400000) + b"mntrRGB XYZ " + bytes(12) + b"acsp"
    header += bytes(28) + illuminant + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + body


def code_points(data: bytes, kind: str) -> tuple[int, int] | None:
    """(primaries, transfer) that a PNG (chunk cICP) or AVIF (box colr of type nclx) names, None if it names none."""
    if kind == "png":
        place = 8
        while place + 12 <= len(data):
            length = int.from_bytes(data[place : place + 4], "big")
            name = data[place + 4 : place + 8]
            if name == b"cICP" and length == 4:
                return data[place + 8], data[place + 9]
            if name == b"IDAT":
                return None
            place += 12 + length
    elif kind == "avif":
        place = data.find(b"colrnclx", 0, 1 << 16)
        if 0 <= place <= len(data) - 13:
            primaries, transfer = struct.unpack(">HH", data[place + 8 : place + 12])
            return primaries, transfer
    return None
