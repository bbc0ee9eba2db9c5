"""Products, holdings and settings for the tests of searches and transfers."""

import io

import numpy as np
from astropy.io import fits

from jwstpipe.archive.search.products import Product
from jwstpipe.settings import ArchiveSettings
from jwstpipe.testing.local_archive.mast import ArchiveRows

NAME = "jw02733-o001_t001_nircam_clear-f090w_i2d.fits"
RANGE = 64 << 10


def fits_bytes(seed=0, side=210, *, checksum=True):
    pixels = np.random.default_rng(seed).normal(1.0, 0.2, (side, side)).astype(np.float32)
    hdus = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels, name="SCI"), fits.ImageHDU(pixels, name="ERR")])
    stream = io.BytesIO()
    hdus.writeto(stream, checksum=checksum)
    return stream.getvalue()


def make_product(name=NAME, size=0, **fields):
    values = {
        "data_uri": f"mast:JWST/product/{name}", "file_name": name, "size": size, "obs_id": name.rpartition("_")[0],
        "level": 3, "suffix": "i2d", "filters": ("F090W",), "instrument": "NIRCAM/IMAGE", "target": "NGC-3132",
        "product_type": "SCIENCE", "version": "1.8.2", "rights": "PUBLIC", "listed_under": name.rpartition("_")[0],
    }  # fmt: skip
    return Product(**(values | fields))


def rows_of(**files):
    """Holdings with these files and a key in the bucket for each."""
    return ArchiveRows(files=files, keys={name: f"jwst/public/{name}" for name in files})


def settings_for(address, **changes):
    values = {"server": address, "source": "https", "attempts": 3, "timeout_s": 120.0, "files_at_once": 2}
    return ArchiveSettings(**(values | changes))


def leftovers(folder):
    """Files in the side folder that are neither records nor anything else that may stay."""
    side = folder / ".transfer"
    return sorted(path.name for path in side.rglob("*") if path.is_file() and not path.name.endswith(".fits.json"))
