"""All inputs of a mosaic looked at: each named once; and whether none of them is far away from the rest."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from jwstpipe.errors import DataError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.mosaicking.inputs.sources import Inspection, InspectJob, identify, inspect
from jwstpipe.numerics.robust import middle_value
from jwstpipe.progress import Reporter
from jwstpipe.settings import S3Settings
from jwstpipe.sky.frames import unit_vectors
from jwstpipe.storage import is_remote

__all__ = ["check_distances", "inspect_all"]

FAR_AWAY = 100.0
"""An input farther from the middle than this many times the median distance (and image sizes) is a mistake."""


def inspect_all(images: Sequence[str | Path], s3: S3Settings, workers: Workers, report: Reporter) -> list[Inspection]:
    """Look at all images of a mosaic, in the order of their names.

    Raises
    ------
    UsageError
        No images, or the same one twice.
    TransformError
        An image that cannot be placed on the sky.
    """
    times = Counter(str(image) for image in images)
    addresses = sorted(times)
    if not addresses:
        raise UsageError("a mosaic needs at least one image")
    if len(addresses) < len(images):
        twice = next(address for address in addresses if times[address] > 1)
        raise UsageError(f"the same image is given twice: {twice}; name each once")
    jobs = {f"{index:05d}": InspectJob(address, s3) for index, address in enumerate(addresses)}
    local = isinstance(workers, ThreadWorkers) and not any(map(is_remote, addresses))
    # headers are read in Python: threads would only wait for each other
    readers = ThreadWorkers(1) if local else workers
    files = readers.run(inspect, jobs, name="inspect", report=report, unit="images")
    seen = {f"{key}.{number}": found for key, images in files.items() for number, found in enumerate(images)}
    unknown = {key: InspectJob(found.source.address, s3) for key, found in seen.items() if not found.source.product_id}
    identities = workers.run(identify, unknown, name="identify", report=report, unit="images") if unknown else {}
    found = [_identified(inspection, identities.get(key)) for key, inspection in seen.items()]
    return sorted(found, key=lambda item: (item.source.name, item.source.product_id))


def _identified(found: Inspection, identity: str | None) -> Inspection:
    return found if identity is None else replace(found, source=replace(found.source, product_id=identity))


def check_distances(found: Sequence[Inspection]) -> None:
    """Refuse an input that is out of all proportion away: a wrong file, or a header with a wrong position.

    Raises
    ------
    DataError
        There is one.
    """
    centres = np.array([unit_vectors(*map(np.asarray, item.outline.centre)) for item in found])
    middle = [middle_value(part) for part in centres.T]  # `numpy.median` loads the masked arrays
    distances = np.degrees(np.linalg.norm(centres - middle, axis=1))
    sizes = [max(item.source.shape) * item.outline.scale_arcsec / 3600.0 for item in found]
    limit = FAR_AWAY * max(middle_value(distances), middle_value(sizes))
    worst = int(np.argmax(distances))
    if distances[worst] > limit:
        raise DataError(
            f"{found[worst].source.address}: lies {distances[worst]:.2f} deg from the middle of the"
            f" {len(found)} images, more than {limit:.2f}; leave it out or mend its WCS"
        )
