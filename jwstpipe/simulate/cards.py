"""Headers of simulated files: the keywords of real ones, in their order and with their units."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from jwstpipe.simulate.bands import Band
from jwstpipe.simulate.detector.detectors import Detector
from jwstpipe.simulate.plan import PROGRAM, ROLL, Exposure, Target

__all__ = [
    "add_cards",
    "exposure_primary",
    "exposure_science",
    "iso_time",
    "region",
    "shared_primary",
    "time_cards",
    "wcs_cards",
]

Floats = NDArray[np.float64]
Card = tuple[str, str | int | float | bool, str]

CALIBRATION_VERSION = "1.20.2"
CALIBRATION_CONTEXT = "jwst_1464.pmap"

_INVERSE_ORDER = 4

_PROGRAMME: tuple[Card, ...] = (
    ("TITLE", "Simulated observations of a torn cloud", "Proposal title"),
    ("PI_NAME", "Nobody, Anna", "Principal investigator name"),
    ("CATEGORY", "CAL", "Program category"),
    ("SCICAT", "Stellar Physics", "Science category assigned during TAC process"),
)


def iso_time(mjd: float) -> str:
    """Write a modified Julian date (UTC) as ISO 8601, to the millisecond."""
    moment = datetime(1858, 11, 17, tzinfo=UTC) + timedelta(days=mjd) + timedelta(microseconds=500)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def add_cards(header: Header, title: str, cards: Iterable[Card]) -> None:
    """Append a titled section of cards."""
    if title:
        for text in ("", title, ""):
            header.append(("", text), end=True)
    for card in cards:
        header.append(card, end=True)


def region(ra: Floats, dec: Floats) -> str:
    """Write the corners of a footprint, degrees, as an S_REGION."""
    return "POLYGON ICRS  " + " ".join(f"{lon:.9f} {lat:.9f}" for lon, lat in zip(ra, dec, strict=True))


def shared_primary(file_name: str, target: Target, band: Band, *, first_mjd: float, made_mjd: float) -> Header:
    """Make the part of the primary header that exposures and combined products share.

    Parameters
    ----------
    file_name
        Goes to FILENAME.
    target, band
        What was observed, in which filter.
    first_mjd
        Start of the first exposure.
    made_mjd
        Date of the file; simulated, so that the same programme gives the same bytes.
    """
    header = Header()
    start = iso_time(first_mjd)
    files = [
        ("DATE", iso_time(made_mjd), "UTC date file created"),
        ("ORIGIN", "STSCI", "Organization responsible for creating file"),
        ("TIMESYS", "UTC", "principal time system for time-related keywords"),
        ("TIMEUNIT", "s", "Default unit applicable to all time values"),
        ("FILENAME", file_name, "Name of the file"),
        ("SDP_VER", "SIMULATED", "Data processing software version number"),
        ("CAL_VER", CALIBRATION_VERSION, "Calibration software version number"),
        ("DATAMODL", "ImageModel", "Type of data model"),
        ("TELESCOP", "JWST", "Telescope used to acquire the data"),
    ]
    identifiers = [
        ("DATE-OBS", start[:10], "[yyyy-mm-dd] UTC date at start of exposure"),
        ("TIME-OBS", start[11:], "[hh:mm:ss.sss] UTC time at start of exposure"),
        ("DATE-BEG", start, "Date-time start of exposure"),
        ("PROGRAM", PROGRAM, "Program number"),
        ("OBSERVTN", "001" if band.instrument == "NIRCAM" else "002", "Observation number"),
    ]
    aim: list[Card] = [
        ("TARGPROP", target.name.upper().replace(" ", "-"), "Proposer's name for the target"),
        ("TARGNAME", target.name, "Standard astronomical catalog name for target"),
        ("TARGTYPE", "MOVING" if target.planet else "FIXED", "Type of target (fixed, moving, generic)"),
        ("TARG_RA", target.ra, "Target RA at mid time of exposure"),
        ("TARG_DEC", target.dec, "Target Dec at mid time of exposure"),
    ]
    add_cards(header, "", files)
    add_cards(header, "Program information", _PROGRAMME)
    add_cards(header, "Observation identifiers", identifiers)
    add_cards(header, "Target information", aim)
    return header


def exposure_primary(exposure: Exposure) -> Header:
    """Make the primary header of a `_cal` file."""
    name = f"{exposure.obs_id}_cal.fits"
    header = shared_primary(
        name, exposure.target, exposure.band, first_mjd=exposure.start_mjd, made_mjd=exposure.end_mjd + 1.0
    )
    position = header.index("PROGRAM")
    header.insert(position, ("DATE-END", iso_time(exposure.end_mjd), "Date-time end of exposure"))
    identifiers = [
        ("VISIT", exposure.visit, "Visit number"),
        ("VISITGRP", "02", "Visit group identifier"),
        ("SEQ_ID", "1", "Parallel sequence identifier"),
        ("ACT_ID", exposure.activity, "Activity identifier"),
        ("EXPOSURE", f"{exposure.number}", "Exposure request number"),
        ("TEMPLATE", f"{'NIRCam' if exposure.detector.instrument == 'NIRCAM' else 'MIRI'} Imaging", "Template"),
    ]
    for card in reversed(identifiers):
        header.insert("OBSERVTN", card, after=True)
    add_cards(header, "Instrument configuration information", _instrument(exposure.band, exposure.detector))
    add_cards(header, "Exposure parameters", _ramps(exposure))
    add_cards(
        header,
        "Dither information",
        [
            ("PATT_NUM", exposure.number, "Position number within dither pattern"),
            ("NUMDTHPT", exposure.dithers, "Total number of points in pattern"),
            ("XOFFSET", exposure.throw[0], "x offset from pattern starting position"),
            ("YOFFSET", exposure.throw[1], "y offset from pattern starting position"),
        ],
    )
    add_cards(header, "CRDS parameters", [("CRDS_CTX", CALIBRATION_CONTEXT, "CRDS context (.pmap) used")])
    steps = {"S_WCS": "Assign World Coordinate System", "S_FLAT": "Flat Field Correction"}
    steps |= {"S_JUMP": "Jump Detection", "S_PHOTOM": "Photometric Calibration", "S_RAMP": "Ramp Fitting"}
    add_cards(header, "Calibration step information", [(key, "COMPLETE", text) for key, text in steps.items()])
    return header


def _instrument(band: Band, detector: Detector) -> list[Card]:
    cards: list[Card] = [
        ("INSTRUME", band.instrument, "Instrument used to acquire the data"),
        ("DETECTOR", detector.name, "Name of detector used to acquire the data"),
    ]
    if band.channel is not None:
        cards.append(("MODULE", "B", "NIRCam module: A, B, or MULTIPLE"))
        cards.append(("CHANNEL", band.channel, "Instrument channel"))
    cards.append(("FILTER", band.name, "Name of the filter element used"))
    if band.channel is not None:
        cards.append(("PUPIL", "CLEAR", "Name of the pupil element used"))
    return cards


def _ramps(exposure: Exposure) -> list[Card]:
    electronics = exposure.detector.electronics
    kind = "NRC_IMAGE" if exposure.detector.instrument == "NIRCAM" else "MIR_IMAGE"
    return [
        ("EXP_TYPE", kind, "Type of data in the exposure"),
        ("EXPSTART", exposure.start_mjd, "[d] exposure start time in MJD"),
        ("EXPMID", 0.5 * (exposure.start_mjd + exposure.end_mjd), "[d] exposure mid time in MJD"),
        ("EXPEND", exposure.end_mjd, "[d] exposure end time in MJD"),
        ("READPATT", electronics.pattern, "Readout pattern"),
        ("NINTS", electronics.integrations, "Number of integrations in exposure"),
        ("NGROUPS", electronics.groups, "Number of groups in integration"),
        ("TGROUP", electronics.group_s, "[s] Time between groups"),
        ("EFFINTTM", electronics.integration_s, "[s] Effective integration time"),
        ("EFFEXPTM", exposure.seconds, "[s] Effective exposure time"),
        ("DURATION", exposure.seconds, "[s] Total duration of exposure"),
        ("SUBARRAY", "FULL", "Subarray used"),
    ]


def exposure_science(exposure: Exposure) -> Header:
    """Make the header of the SCI extension of a `_cal` file, without S_REGION."""
    detector = exposure.detector
    middle = 0.5 * (exposure.start_mjd + exposure.end_mjd)
    header = Header()
    add_cards(header, "", time_cards(exposure.start_mjd, middle, exposure.end_mjd))
    add_cards(header, "", [("XPOSURE", exposure.seconds, "[s] Effective exposure time")])
    add_cards(header, "", [("TELAPSE", exposure.seconds, "[s] Total elapsed exposure time")])
    add_cards(header, "", [("BUNIT", "MJy/sr", "physical units of the array values")])
    photometry = [
        ("PHOTMJSR", exposure.band.photmjsr, "Flux density (MJy/steradian) producing 1 cps"),
        ("PIXAR_SR", detector.pixel_sr, "Nominal pixel area in steradians"),
        ("PIXAR_A2", detector.scale**2, "Nominal pixel area in arcsec^2"),
    ]
    add_cards(header, "Photometry information", photometry)
    half = 0.5 * (detector.size + 1)
    cards = wcs_cards(exposure.ra, exposure.dec, exposure.roll, detector.scale, (half, half), sip=True)
    add_cards(header, "WCS parameters", cards)
    if exposure.target.planet is not None:
        moving: list[Card] = [
            ("MT_RA", exposure.target.ra, "[deg] mean RA of the moving target"),
            ("MT_DEC", exposure.target.dec, "[deg] mean Dec of the moving target"),
        ]
        add_cards(header, "", moving)
    reference = [
        ("RA_REF", exposure.ra, "[deg] Right ascension of the reference point"),
        ("DEC_REF", exposure.dec, "[deg] Declination of the reference point"),
        ("ROLL_REF", ROLL, "[deg] V3 roll angle at the ref point (N over E)"),
        ("PA_APER", exposure.roll, "[deg] Position angle of aperture used"),
        ("VELOSYS", 0.0, "[m/s] Barycentric correction to radial velocity"),
    ]
    add_cards(header, "", reference)
    add_cards(header, "", _distortion(detector))
    return header


def time_cards(begin: float, middle: float, end: float) -> list[Card]:
    """Make the cards of an exposure's times (MJD), each as number and date: readers warn of one alone."""
    times = (("BEG", "start", begin), ("AVG", "mid-point", middle), ("END", "end", end))
    numbers: list[Card] = [(f"MJD-{key}", value, f"[d] exposure {word} in MJD") for key, word, value in times]
    dates: list[Card] = [
        (f"DATE-{key}", iso_time(value), f"Date-time of exposure {word}") for key, word, value in times
    ]
    return numbers + dates


def wcs_cards(
    ra: float, dec: float, roll: float, scale: float, reference: tuple[float, float], *, sip: bool = False
) -> list[Card]:
    """Make the cards of a TAN projection with CDELT > 0 on both axes, so that PC holds the parity.

    Parameters
    ----------
    ra, dec
        Reference point, degrees.
    roll
        Position angle of the y axis, degrees east of north.
    scale
        Side of a pixel, arcsec.
    reference
        CRPIX1 and CRPIX2.
    sip
        A distortion follows.
    """
    cosine, sine = float(np.cos(np.radians(roll))), float(np.sin(np.radians(roll)))
    kind = "-SIP" if sip else ""
    return [
        ("RADESYS", "ICRS", "Name of the coordinate reference frame"),
        ("WCSAXES", 2, "number of World Coordinate System axes"),
        ("CRPIX1", reference[0], "axis 1 coordinate of the reference pixel"),
        ("CRPIX2", reference[1], "axis 2 coordinate of the reference pixel"),
        ("CRVAL1", ra, "first axis value at the reference pixel"),
        ("CRVAL2", dec, "second axis value at the reference pixel"),
        ("CTYPE1", f"RA---TAN{kind}", "first axis coordinate type"),
        ("CTYPE2", f"DEC--TAN{kind}", "second axis coordinate type"),
        ("CUNIT1", "deg", "first axis units"),
        ("CUNIT2", "deg", "second axis units"),
        ("CDELT1", scale / 3600.0, "first axis increment per pixel"),
        ("CDELT2", scale / 3600.0, "second axis increment per pixel"),
        ("PC1_1", -cosine, "linear transformation matrix element"),
        ("PC1_2", sine, "linear transformation matrix element"),
        ("PC2_1", sine, "linear transformation matrix element"),
        ("PC2_2", cosine, "linear transformation matrix element"),
    ]


def _distortion(detector: Detector) -> list[Card]:
    orders: list[Card] = [
        ("A_ORDER", 3, "Degree of forward SIP polynomial"),
        ("B_ORDER", 3, "Degree of forward SIP polynomial"),
        ("AP_ORDER", _INVERSE_ORDER, "Degree of inverse SIP polynomial"),
        ("BP_ORDER", _INVERSE_ORDER, "Degree of inverse SIP polynomial"),
    ]
    forward: list[Card] = [(key, value, "SIP coefficient, forward transform") for key, value in detector.sip().items()]
    inverse: list[Card] = [(key, value, "SIP coefficient, inverse transform") for key, value in _inverse(detector)]
    return orders + forward + inverse


def _inverse(detector: Detector) -> list[tuple[str, float]]:
    """Fit the inverse polynomial on a grid over the detector, in units of the half-width to keep it well-posed."""
    half = 0.5 * detector.size
    u, v = (axis.ravel() * half for axis in np.meshgrid(np.linspace(-1, 1, 25), np.linspace(-1, 1, 25)))
    x, y = detector.bent(u, v)
    powers = [(p, q) for p in range(_INVERSE_ORDER + 1) for q in range(_INVERSE_ORDER + 1 - p) if p + q > 0]
    basis = np.stack([(x / half) ** p * (y / half) ** q for p, q in powers], axis=1)
    fits = [np.linalg.lstsq(basis, (before - after) / half, rcond=None)[0] for before, after in ((u, x), (v, y))]
    return [
        (f"{letter}P_{p}_{q}", float(value * half ** (1 - p - q)))
        for letter, fit in zip("AB", fits, strict=True)
        for (p, q), value in zip(powers, fit, strict=True)
    ]
