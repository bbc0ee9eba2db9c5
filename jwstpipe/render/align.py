"""Images of different pointings or pixel scales, laid on one grid so that they can become one picture."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from jwstpipe.execute import Workers
from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import open_image
from jwstpipe.mosaic.build import mosaic
from jwstpipe.mosaic.plan import common_frame
from jwstpipe.progress import Reporter, silent
from jwstpipe.render.geometry.frame import on_one_grid
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings

__all__ = ["aligned"]


@contextmanager
def aligned(
    addresses: Sequence[str | Path],
    *,
    workers: Workers,
    scale_arcsec: float | None = None,
    s3: S3Settings | None = None,
    report: Reporter = silent,
) -> Iterator[list[SkyImage]]:
    """Give images on one grid, in the order of their addresses.

    Images that share a grid already are given as they are. Others are resampled to the finest pixel scale among them,
    into a temporary folder that lasts as long as the block.

    Parameters
    ----------
    addresses
        FITS files or image stores, local or ``s3://``.
    workers
        Where resampling is computed.
    scale_arcsec
        Pixel size to resample to; default: the finest among the images.
    s3
        Endpoint of ``s3://`` addresses.
    report
        Told of tiles.

    Raises
    ------
    TransformError, DataError
        An image that cannot be placed on the sky, or lies far from the others.
    """
    images: list[SkyImage] = [open_image(address, s3=s3) for address in addresses]
    if scale_arcsec is None and on_one_grid(images):
        yield images
        return
    grid = common_frame(addresses, scale_arcsec=scale_arcsec, s3=s3, workers=workers)
    with TemporaryDirectory(prefix="jwstpipe-aligned-") as folder:
        found: list[SkyImage] = []
        for number, address in enumerate(addresses):
            out = Path(folder) / f"{number}.zarr"
            options = MosaicOptions(weights="uniform", scale_arcsec=scale_arcsec)
            mosaic([address], out, options=options, grid=grid, s3=s3, workers=workers, report=report)
            found.append(open_image(out))
        yield found
