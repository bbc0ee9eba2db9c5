"""Statistics of an opened image for display, from the level that is fine enough."""

from jwstpipe.display.tone.statistics import SURVEY_PIXELS, SkyStatistics, measure_sky
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_for_pixels, read_level

__all__ = ["measure_image"]


def measure_image(image: SkyImage, *, pixels: int = SURVEY_PIXELS) -> SkyStatistics:
    """Measure an image on its finest level of at most `pixels` pixels.

    Raises
    ------
    DataError
        No pixel holds data.
    """
    level = level_for_pixels(image.shape, pixels)
    return measure_sky(read_level(image, level=level), level=level, name=image.address)
