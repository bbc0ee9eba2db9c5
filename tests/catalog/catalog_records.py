"""Records to work with; importable by the processes that tests start."""

from datetime import UTC, datetime

from jwstpipe.catalog.records.components import ImageInfo
from jwstpipe.catalog.records.models import ProductRecord

CREATED = datetime(2026, 3, 4, 5, 6, 7, 891_000, tzinfo=UTC)


def make_record(number, **changes):
    target = changes.pop("target", "NGC 3132")
    instrument = changes.pop("instrument", "NIRCam")
    band = changes.pop("filter", "F090W")
    values = {
        "product_id": f"p{number}",
        "kind": "archive",
        "file_name": f"file_{number}.fits",
        "storage_key": f"mast/obs/file_{number}.fits",
        "file_size": 1000 + number if isinstance(number, int) else 1,
        "created": CREATED,
        "image_info": ImageInfo(target_name=target, instrument=instrument, filter=band, wcs={"CRVAL1": 151.25}),
        "metadata": {"mast_obs_id": "jw02733-o001", "mast_t_exptime": 1.5, "mast_ok": True},
    }
    return ProductRecord(**{**values, **changes})
