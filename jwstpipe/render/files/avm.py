"""Astronomy Visualization Metadata (AVM 1.2) as an XMP packet: where a picture lies on the sky, and how it was made.

The standard: Astronomy Visualization Metadata 1.2, https://www.virtualastronomy.org. Positions follow the FITS
convention: first pixel at the bottom left, centre of it at 1.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:  # a plot says what it is, too, and lies nowhere on the sky
    from jwstpipe.render.geometry.placement import SkyPlacement

__all__ = ["AvmRecord", "SpectralEntry", "avm_packet", "provenance_packet", "scale_and_rotation"]

_NAMESPACES = {
    "xmlns:rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmlns:avm": "http://www.communicatingastronomy.org/avm/1.0/",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "xmlns:jwstpipe": "urn:jwstpipe:xmp:1.0#",
}
_NOT_XML = "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_MISSING = "-"

SHEAR_TOLERANCE = 1e-6
"""A matrix that differs from scale and rotation by more than this, relative, is written out as well."""


@dataclass(frozen=True)
class SpectralEntry:
    """One channel of a picture."""

    facility: str | None
    """Observatory, as JWST."""

    instrument: str | None
    """Instrument, as NIRCAM."""

    bandpass: str | None
    """Filter, as F200W."""

    wavelength_nm: float | None
    """Central wavelength, nanometres."""

    colour: str
    """AVM name of its colour, as Blue."""


@dataclass(frozen=True)
class AvmRecord:
    """What the packet says."""

    shape: tuple[int, int]
    """Rows and columns of the picture."""

    placement: "SkyPlacement | None"
    """Where it lies; None = no Spatial properties."""

    spectral: tuple[SpectralEntry, ...] = ()
    """Channels, in order."""

    title: str | None = None
    """Title."""

    subject: str | None = None
    """Name of the object."""

    product_id: str | None = None
    """Id of the picture as a product."""

    recipe: dict[str, Any] = field(default_factory=dict)
    """How it was rendered, down to the limits, in plain values."""

    provenance: Mapping[str, Any] | None = None
    """What it is and what it was made of, see `jwstpipe.identity.provenance_document`."""


def avm_packet(record: AvmRecord) -> bytes:
    """Write the XMP packet, UTF-8."""
    root = ET.Element("x:xmpmeta", {"xmlns:x": "adobe:ns:meta/"})
    rdf = ET.SubElement(root, "rdf:RDF", _NAMESPACES)
    about = ET.SubElement(rdf, "rdf:Description", {"rdf:about": ""})
    _texts(about, record)
    _spectral(about, record.spectral)
    if record.placement is not None:
        _spatial(about, record.placement, record.shape)
    body = ET.tostring(root, encoding="unicode")
    packet = f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{body}\n<?xpacket end="r"?>'
    return packet.encode()


def provenance_packet(shape: tuple[int, int], provenance: Mapping[str, Any] | None) -> bytes:
    """Write the packet of a picture that says no more than what it is and was made of; none where nobody says."""
    if provenance is None:
        return b""
    return avm_packet(AvmRecord(shape, None, product_id=str(provenance["product_id"]), provenance=provenance))


def scale_and_rotation(placement: "SkyPlacement") -> tuple[tuple[float, float], float]:
    """Take a matrix apart as ``R(rotation) diag(scale)``.

    Returns
    -------
    scale : tuple of float
        (x, y) degrees per pixel; x negative unless the picture is mirrored, y positive.
    rotation : float
        Degrees; the matrix of the first column is ``scale_x (cos, sin)``, as CROTA2.
    """
    (a, b), (c, d) = placement.cd
    parity = math.copysign(1.0, a * d - b * c)
    scale = parity * math.hypot(a, c), math.hypot(b, d)
    return scale, math.degrees(math.atan2(-b, d))


def _texts(about: ET.Element, record: AvmRecord) -> None:
    _text(about, "avm:MetadataVersion", "1.2")
    _text(about, "avm:Type", "Observation")
    if record.title:
        _list(about, "dc:title", "rdf:Alt", [record.title])
    if record.subject:
        _list(about, "dc:subject", "rdf:Bag", [record.subject])
    if record.product_id:
        _text(about, "avm:ID", record.product_id)
        _text(about, "jwstpipe:ProductId", record.product_id)
    if record.provenance is not None:
        document = json.dumps(record.provenance, sort_keys=True, separators=(",", ":"), allow_nan=False)
        _text(about, "jwstpipe:Provenance", document)
    if record.recipe:
        _text(about, "jwstpipe:Recipe", json.dumps(record.recipe, sort_keys=True, separators=(",", ":")))


def _spectral(about: ET.Element, entries: Sequence[SpectralEntry]) -> None:
    """Write the parallel lists; ``-`` stands for what is missing."""
    if not entries:
        return
    lists: dict[str, list[str | None]] = {
        "avm:Facility": [entry.facility for entry in entries],
        "avm:Instrument": [entry.instrument for entry in entries],
        "avm:Spectral.Band": [_band(entry.wavelength_nm) for entry in entries],
        "avm:Spectral.Bandpass": [entry.bandpass for entry in entries],
        "avm:Spectral.CentralWavelength": [
            None if entry.wavelength_nm is None else _number(entry.wavelength_nm) for entry in entries
        ],
        "avm:Spectral.ColorAssignment": [entry.colour for entry in entries],
    }
    for name, values in lists.items():
        _list(about, name, "rdf:Seq", [value or _MISSING for value in values])


def _spatial(about: ET.Element, placement: "SkyPlacement", shape: tuple[int, int]) -> None:
    scale, rotation = scale_and_rotation(placement)
    _text(about, "avm:Spatial.CoordinateFrame", placement.frame)
    _text(about, "avm:Spatial.Equinox", _equinox(placement))
    _numbers(about, "avm:Spatial.ReferenceValue", placement.crval)
    _numbers(about, "avm:Spatial.ReferenceDimension", (shape[1], shape[0]))
    _numbers(about, "avm:Spatial.ReferencePixel", placement.crpix)
    _numbers(about, "avm:Spatial.Scale", scale)
    _text(about, "avm:Spatial.Rotation", _number(rotation))
    _text(about, "avm:Spatial.CoordsystemProjection", placement.projection)
    _text(about, "avm:Spatial.Quality", "Full" if placement.exact else "Position")
    if scale[0] > 0 or _sheared(placement):
        # Readers take the parity as normal from Scale alone, and cannot express shear.
        _numbers(about, "avm:Spatial.CDMatrix", (*placement.cd[0], *placement.cd[1]))


def _sheared(placement: "SkyPlacement") -> bool:
    (a, b), (c, d) = placement.cd
    return abs(a * b + c * d) > SHEAR_TOLERANCE * math.hypot(a, c) * math.hypot(b, d)


def _equinox(placement: "SkyPlacement") -> str:
    if placement.frame == "FK4":
        return f"B{placement.equinox:g}"
    return f"J{placement.equinox:g}" if placement.frame == "FK5" else "J2000"


def _band(wavelength_nm: float | None) -> str | None:
    if wavelength_nm is None:
        return None
    return "Optical" if wavelength_nm < 750.0 else "Infrared"


def _number(value: float) -> str:
    return f"{value:.15g}"


def _numbers(parent: ET.Element, name: str, values: Sequence[float]) -> None:
    _list(parent, name, "rdf:Seq", [_number(value) for value in values])


def _text(parent: ET.Element, name: str, value: str) -> None:
    ET.SubElement(parent, name).text = _xml_text(value)


def _list(parent: ET.Element, name: str, kind: str, values: Sequence[str]) -> None:
    container = ET.SubElement(ET.SubElement(parent, name), kind)
    for value in values:
        item = ET.SubElement(container, "rdf:li", {"xml:lang": "x-default"} if kind == "rdf:Alt" else {})
        item.text = _xml_text(value)


def _xml_text(value: str) -> str:
    """Leave out what XML cannot hold; what is all letters, as nearly everything, holds nothing of it."""
    return value if value.isprintable() else re.sub(_NOT_XML, "", value)
