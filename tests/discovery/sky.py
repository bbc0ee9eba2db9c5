"""Rows of an invented archive: footprints of instruments on the sky, as MAST lists them."""

import math

from jwstpipe.testing.local_archive.mast import observation_row

SIZES = {"NIRCAM": (5.1, 2.2), "MIRI": (1.2, 1.9), "NIRISS": (2.2, 2.2)}
"""Width and height of a footprint, arcminutes."""

MJD_2022 = 59740.0


def region(ra, dec, width, height, turn=0.0):
    """Write a turned rectangle, arcminutes, as a polygon with great circles between its corners."""
    a, d, t = math.radians(ra), math.radians(dec), math.radians(turn)
    corners = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        u, v = x * width / 2, y * height / 2
        xi, eta = (
            math.radians((u * math.cos(t) - v * math.sin(t)) / 60),
            math.radians((u * math.sin(t) + v * math.cos(t)) / 60),
        )
        down = math.cos(d) - eta * math.sin(d)
        corners.append((math.degrees(a + math.atan2(xi, down)) % 360,
                        math.degrees(math.atan2(math.sin(d) + eta * math.cos(d), math.hypot(xi, down)))))  # fmt: skip
    return "POLYGON ICRS " + " ".join(f"{lon:.8f} {lat:.8f}" for lon, lat in corners)


def row(filters, *, instrument="NIRCAM", ra=151.757, dec=-40.436, turn=0.0, candidate="o001", program="2733",
        target="NGC-3132", size=None, number=0, released=MJD_2022 + 30, **columns):  # fmt: skip
    """List a combined image."""
    width, height = size or SIZES[instrument]
    optics = filters.lower().replace(";", "-")
    tail = f"-s{number}" if number else ""
    values = {
        "instrument_name": f"{instrument}/IMAGE", "filters": filters, "ra": ra, "dec": dec, "calib_level": 3,
        "t_exptime": 1800.0, "proposal_id": program, "target_name": target, "t_min": MJD_2022, "dataRights": "PUBLIC",
        "t_obs_release": released, "s_region": region(ra, dec, width, height, turn), "proposal_pi": "Somebody",
        "dataproduct_type": "image", "obs_title": "A title",
    }  # fmt: skip
    name = f"jw{int(program):05d}-{candidate}_t001_{instrument.lower()}_{optics}{tail}"
    return observation_row(name, **values | columns)


def southern_ring():
    """List what programme 2733 has of NGC 3132: six filters of NIRCam, compound ones among them, and four of MIRI."""
    near = [
        row(name, size=(7.3, 4.5))
        for name in ("CLEAR;F090W", "CLEAR;F187N", "F212N", "F356W", "F444W;F405N", "F444W;F470N")
    ]
    return near + [row(name, instrument="MIRI", candidate="o002") for name in ("F770W", "F1130W", "F1280W", "F1800W")]
