"""What a file is by its first bytes, whatever its name says, and a sentence for what cannot be read."""

import re

READABLE = "PNG, JPEG, WebP, TIFF, AVIF, BMP or GIF"

_UNREADABLE: tuple[tuple[re.Pattern[bytes], str, str], ...] = tuple(
    (re.compile(pattern, re.DOTALL | re.IGNORECASE), what, advice)
    for pattern, what, advice in (
        (rb"....ftyp(hei[cxsm]|hev[cmsx]|mif1|msf1)", "a HEIC picture", "convert it to JPEG, PNG or AVIF first"),
        (
            rb"....ftypcrx |FUJIFILMCCD-RAW|IIU\x00|II\*\x00....CR",
            "a camera's raw file",
            "develop it to TIFF or JPEG first",
        ),
        (rb"\x00\x00\x00\x0cJXL \r\n|\xff\x0a", "a JPEG XL picture", "convert it to PNG, JPEG or TIFF first"),
        (rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51", "a JPEG 2000 picture", "convert it to PNG, JPEG or TIFF first"),
        (rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ", "a video", "export one frame of it as PNG or JPEG first"),
        (rb"8BPS", "a Photoshop document", "export it as PNG or TIFF first"),
        (rb"gimp xcf", "a GIMP document", "export it as PNG or TIFF first"),
        (rb"%PDF", "a PDF document", "export its picture as PNG or JPEG first"),
        (rb"(\xef\xbb\xbf)?\s*(<\?xml.*?)?(<!--.*?-->\s*)*<svg", "a drawing (SVG)", "export it as PNG first"),
        (rb"(\xef\xbb\xbf)?\s*<(!doctype html|html)", "a web page", "save the picture itself from the browser"),
        (rb"PK\x03\x04", "an archive (zip)", "unpack it and choose a picture inside"),
        (rb"v/1\x01", "an OpenEXR picture", "export it as 16-bit TIFF or PNG first"),
    )
)


def kind_of(data: bytes) -> str:
    """ "png", "jpeg", "tiff", "webp", "gif", "avif", "bmp", or "" for anything else."""
    head = data[:64]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head[4:8] == b"ftyp" and re.search(rb"avi[fs]", head[8:64]):
        return "avif"
    if head[:2] == b"BM":
        return "bmp"
    return ""


def refusal(data: bytes, name: str) -> str:
    """The sentence for a file that is no readable picture."""
    for pattern, what, advice in _UNREADABLE:
        if pattern.match(data[:4096]):
            return f"“{name}” is {what}, which cannot be read; {advice}."
    return f"“{name}” is not a picture that can be read, whatever its name says; choose a {READABLE} file."
