"""By which detector each of some exposures was taken, and when."""

from collections.abc import Sequence
from dataclasses import dataclass

from jwstpipe.cleaning.pattern.order import Taken, taken_by
from jwstpipe.execution.workers import Workers
from jwstpipe.images.open import open_image
from jwstpipe.progress import Reporter
from jwstpipe.settings import S3Settings

__all__ = ["taken_of"]


@dataclass(frozen=True)
class _Image:
    address: str
    s3: S3Settings


def taken_of(addresses: Sequence[str], s3: S3Settings, *, workers: Workers, report: Reporter) -> list[Taken]:
    """Tell of each exposure by which detector it was taken, and when."""
    jobs = {address: _Image(address, s3) for address in addresses}
    told = workers.run(_taken, jobs, name="look", report=report, unit="exposures")
    return [told[address] for address in addresses]


def _taken(job: _Image) -> Taken:
    return taken_by(open_image(job.address, s3=job.s3))
