"""Provenance: what an exported picture says of how it was made (IPTC Photo Metadata Standard, digital source type)."""

import re
from xml.sax.saxutils import quoteattr

from PIL.PngImagePlugin import PngInfo

from faceeditor import __version__

_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DIGITAL_SOURCE_TYPE = _TYPES + "trainedAlgorithmicMedia"
"""IPTC's word for media made by a trained algorithm."""
COMPOSITE_SOURCE_TYPE = _TYPES + "compositeWithTrainedAlgorithmicMedia"
"""IPTC's word for a photograph that was edited by a trained algorithm."""

_NAMESPACE = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_END = "</rdf:RDF>"


def xmp_packet(source_type: str = DIGITAL_SOURCE_TYPE) -> str:
    """The XMP packet of an export, with ``Iptc4xmpExt:DigitalSourceType``."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about=""'
        f' xmlns:Iptc4xmpExt="{_NAMESPACE}"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        f" Iptc4xmpExt:DigitalSourceType={quoteattr(source_type)}"
        f" xmp:CreatorTool={quoteattr(f'Face Editor {__version__}')}/>"
        "</rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    )


def marked_xmp(xmp: bytes | None, source_type: str) -> bytes:
    """An XMP packet with its digital source type set; all else that a photograph's packet says stays.

    Args:
        xmp: the photograph's packet, None if it has none. One that is not understood is replaced.
        source_type: the type's address.
    """
    try:
        text = xmp.decode("utf-8") if xmp else ""
    except UnicodeDecodeError:
        text = ""
    text = text.rstrip("\0")
    if text.count(_END) != 1:
        return xmp_packet(source_type).encode("utf-8")
    text = re.sub(r"\s[\w.-]+:DigitalSourceType\s*=\s*(\"[^\"]*\"|'[^']*')", "", text)
    text = re.sub(r"<([\w.-]+:DigitalSourceType)\b[^>]*?(/>|>.*?</\1\s*>)", "", text, flags=re.DOTALL)
    mark = (
        f'<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{_NAMESPACE}"'
        f" Iptc4xmpExt:DigitalSourceType={quoteattr(source_type)}/>"
    )
    return text.replace(_END, mark + _END).encode("utf-8")


def source_type_of(xmp: bytes | None) -> str | None:
    """The digital source type that an XMP packet names, without the address before it; None if it names none."""
    if not xmp:
        return None
    found = re.search(rb"digitalsourcetype/(\w+)", xmp)
    return found[1].decode("ascii") if found else None


def marked_png(source_type: str = DIGITAL_SOURCE_TYPE) -> PngInfo:
    """Chunks of a PNG in sRGB with the mark: `sRGB` states the colour space, an iTXt holds the XMP packet."""
    info = PngInfo()
    info.add(b"sRGB", b"\0")  # perceptual
    info.add_itxt("XML:com.adobe.xmp", xmp_packet(source_type))
    return info
