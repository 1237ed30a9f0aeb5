"""Metadata blocks of photographs: places taken out of EXIF and XMP, IPTC for other containers, EXIF of TIFF."""

import re
import struct
import zlib

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from faceeditor.images.decode import DECODE_ERRORS

_GPS_POINTER, _EXIF_POINTER = 0x8825, 0x8769
_ORIENTATION = 0x0112
_IPTC = 33723
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_PNG_HEADER = 33  # bytes of the signature and of the first chunk
_PHOTOSHOP = b"Photoshop 3.0\0"


def has_position(exif: bytes | None, xmp: bytes | None) -> bool:
    """Whether metadata say where a photograph was taken."""
    return (exif is not None and _gps_directory(exif) is not None) or (xmp is not None and b":GPS" in xmp)


def without_position(exif: bytes | None, xmp: bytes | None) -> tuple[bytes | None, bytes | None]:
    """EXIF and XMP without the place where a photograph was taken; all else stays where it is."""
    if exif is not None:
        exif = _without_gps(exif)
    if xmp is not None and b":GPS" in xmp:
        xmp = re.sub(rb"\s[\w.-]+:GPS\w+\s*=\s*(\"[^\"]*\"|'[^']*')", b"", xmp)
        xmp = re.sub(rb"<([\w.-]+:GPS\w+)\b[^>]*?(/>|>.*?</\1\s*>)", b"", xmp, flags=re.DOTALL)
    return exif, xmp


def _gps_directory(exif: bytes) -> tuple[str, int, int] | None:
    """Byte order of an EXIF block, place and number of entries of its GPS directory; None if it has no entries."""
    try:
        order = {b"II": "<", b"MM": ">"}[exif[:2]]
        (first,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, first)
        for entry in range(count):
            tag, _, _, value = struct.unpack_from(order + "HHII", exif, first + 2 + 12 * entry)
            if tag == _GPS_POINTER:
                (number,) = struct.unpack_from(order + "H", exif, value)
                whole = value + 2 + 12 * number <= len(exif)
                return (order, value, number) if number and whole else None
    except (KeyError, struct.error):
        return None
    return None


def _without_gps(exif: bytes) -> bytes:
    found = _gps_directory(exif)
    if found is None:
        return exif
    order, start, count = found
    out = bytearray(exif)
    for entry in range(count):
        place = start + 2 + 12 * entry
        _, kind, number, value = struct.unpack_from(order + "HHII", out, place)
        size = _SIZES.get(kind, 1) * number
        if size > 4 and value + size <= len(out):
            out[value : value + size] = bytes(size)
        out[place : place + 12] = bytes(12)
    out[start : start + 2] = bytes(2)
    return bytes(out)


def plain_iptc(block: bytes | None) -> bytes | None:
    """The IPTC-IIM records alone, as TIFF has them, from what a JPEG keeps among Photoshop's resources."""
    if block is None or not block.startswith(_PHOTOSHOP):
        return block
    place = len(_PHOTOSHOP)
    while block[place : place + 4] == b"8BIM" and place + 12 <= len(block):
        identifier = int.from_bytes(block[place + 4 : place + 6], "big")
        name = block[place + 6] + 1
        place += 6 + name + name % 2
        size = int.from_bytes(block[place : place + 4], "big")
        place += 4
        if identifier == 0x0404:
            return block[place : place + size]
        place += size + size % 2
    return None


def photoshop_iptc(block: bytes | None) -> bytes | None:
    """IPTC-IIM records wrapped as JPEG has them."""
    if block is None or block.startswith(_PHOTOSHOP):
        return block
    padding = b"\0" * (len(block) % 2)
    return _PHOTOSHOP + b"8BIM\x04\x04\0\0" + len(block).to_bytes(4, "big") + block + padding


def upright_exif(exif: bytes) -> bytes:
    """An EXIF block whose orientation is that of a picture stored upright; all else stays where it is."""
    out = bytearray(exif)
    try:
        order = {b"II": "<", b"MM": ">"}[exif[:2]]
        (first,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, first)
        for entry in range(count):
            place = first + 2 + 12 * entry
            if struct.unpack_from(order + "H", exif, place)[0] == _ORIENTATION:
                struct.pack_into(order + "H", out, place + 8, 1)
    except (KeyError, struct.error):
        return exif
    return bytes(out)


def png_with_xmp(png: bytes, xmp: bytes) -> bytes:
    """A PNG with an XMP packet behind its header, uncompressed as the XMP specification (part 3, 1.1.5) asks for;
    libvips compresses it, and programs that look for the packet in the bytes do not find it."""
    content = b"iTXt" + b"XML:com.adobe.xmp" + bytes(5) + xmp
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:_PNG_HEADER] + chunk + png[_PNG_HEADER:]


def tiff_with(tiff: bytes, exif: bytes | None, iptc: bytes | None) -> bytes:
    """A TIFF with the tags of an EXIF block and with IPTC records, which libvips does not write: a new first directory
    at its end. As it was if anything is odd."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return tiff
    try:
        (first,) = struct.unpack_from(order + "I", tiff, 4)
        own = _entries(tiff, order, first)
        block = Image.Exif()
        if exif:
            block.load(b"Exif\0\0" + exif)
        extra = ImageFileDirectory_v2(ifh=tiff[:4] + bytes(4))
        for tag, value in block.items():
            if tag not in own and tag not in (_EXIF_POINTER, _GPS_POINTER, 0x0201, 0x0202):
                extra[tag] = value
        for pointer in (_EXIF_POINTER, _GPS_POINTER):
            part = block.get_ifd(pointer)
            if part:
                extra[pointer] = part
        if iptc:
            extra.tagtype[_IPTC] = 7
            extra[_IPTC] = iptc
        start = len(tiff) + len(tiff) % 2
        added = extra.tobytes(start)
        entries = own | _entries(added, order, 0)
    except DECODE_ERRORS:
        return tiff
    place = start + len(added) + len(added) % 2
    directory = struct.pack(order + "H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4)
    padded = tiff[8:] + bytes(len(tiff) % 2) + added + bytes(len(added) % 2)
    return tiff[:4] + struct.pack(order + "I", place) + padded + directory


def _entries(data: bytes, order: str, start: int) -> dict[int, bytes]:
    """The entries of 12 bytes of a TIFF directory at `start`, by tag."""
    (count,) = struct.unpack_from(order + "H", data, start)
    rows = [data[start + 2 + 12 * row : start + 14 + 12 * row] for row in range(count)]
    if any(len(row) < 12 for row in rows):
        raise ValueError("a directory is cut short")
    return {struct.unpack(order + "H", row[:2])[0]: row for row in rows}
