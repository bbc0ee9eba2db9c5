"""Pixels that shine, or see little, in all exposures of a detector, while the sky below them changes; and claws.

Sums over the exposures are kept, not the exposures: any number of them fits into memory. What counts as sure is
measured on the sums themselves, by their scatter.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label, sum_labels

from jwstpipe.cleaning.pattern.compared import Compared
from jwstpipe.cleaning.pattern.sum_kernels import add_means, calm_pixels
from jwstpipe.fits.dq import dq_mask
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["CLAW", "SEVERAL", "PixelSums"]

Float32Image = NDArray[np.float32]
Counts = NDArray[np.uint16]
Mask = NDArray[np.bool_]

HOT = np.uint32(dq_mask(("HOT", "DO_NOT_USE")))
DEAD = np.uint32(dq_mask(("DEAD", "DO_NOT_USE")))
CLAW = np.uint32(dq_mask(("OTHER_BAD_PIXEL", "DO_NOT_USE")))

SEVERAL, SEEN = 3, 2
"""Exposures of a detector that are needed, also to tell of a dead pixel; of others those that must see a pixel."""

EACH, NEARLY_ALL, TOGETHER = 3.0, 0.7, 8.0
"""A hot pixel stands out by so many standard deviations in this share of its exposures, and by so many in all."""

LITTLE, LESS, SURELY = 0.6, 0.7, 5.5
"""A dead pixel sees less than this share of the light in all exposures together, and in nearly all single ones; by so
many standard deviations below all of it."""

WIDE, AROUND = 1.0 / 230.0, 1.0 / 6.0
"""Sides of the squares of which stray light is the mean, and over whose mean it stands, in sides of the detector."""

CALM = 5.0
"""Range of the mosaic nearby, standard deviations of a pixel, above which a star is near whose steepness could be taken
for a dead pixel or for stray light."""

MOST_AWAY = 5.0
"""Standard deviations by which a single pixel counts in the mean of a square, at most."""

FEWEST = 0.3
"""Share of such a square that must tell something."""

STRAY_EACH, STRAY_EDGE, STRAY = 1.5, 3.0, 7.0
"""Stray light in its single exposures, at its edge and in its middle, standard deviations of such a mean."""

STRAY_PIXELS = 40
MOST_STRAY = 0.03
"""Pixels that hang together, and the share of the detector above which it is something else."""


class _Sums(NamedTuple):
    known: Counts
    """Exposures that see a pixel."""

    calm: Counts
    """Exposures in which no star is near."""

    high: Counts
    """Exposures in which a pixel stands out."""

    low: Counts
    """Exposures in which it sees little."""

    excess: Float32Image
    seen: Float32Image
    expected: Float32Image


class PixelSums:
    """Sums over the exposures of one detector."""

    def __init__(self, shape: tuple[int, int], *, claws: bool) -> None:
        """Begin with none; where no claws can be, none are looked for."""
        known, calm, high, low = (np.zeros(shape, np.uint16) for _ in range(4))
        excess, seen, expected = (np.zeros(shape, np.float32) for _ in range(3))
        self._sums = _Sums(known, calm, high, low, excess, seen, expected)
        self.claws = claws
        self._wide_count, self._wide_high = np.zeros(shape, np.uint16), np.zeros(shape, np.uint16)
        self._wide = np.zeros(shape, np.float32)
        self._side, self._around = (max(int(share * max(shape)) // 2 * 2 + 1, 5) for share in (WIDE, AROUND))

    def add(self, compared: Compared, light: Float32Image | None = None) -> None:
        """Add an exposure, without light that is known."""
        rest = compared.rest if light is None else compared.rest - light
        calm, scaled = np.empty(rest.shape, np.bool_), np.empty(rest.shape, np.float32)
        calm_pixels(compared.sky, np.float32(CALM) * compared.noise, compared.known, calm)
        _add(rest, compared.sky, compared.noise, compared.known, calm, *self._sums, scaled)
        if self.claws:
            add_means(
                scaled, calm, self._side, self._around, FEWEST, STRAY_EACH, self._wide_count, self._wide_high,
                self._wide,
            )  # fmt: skip

    def flags(self) -> NDArray[np.uint32]:
        """Give hot and dead pixels: uint32, (y, x), bits of the DQ table of JWST."""
        sums = self._sums
        number = np.maximum(sums.known, 1)
        enough = sums.known >= SEEN
        excess = _scaled(sums.excess / np.sqrt(number), enough)
        hot = enough & (sums.high >= NEARLY_ALL * number) & (excess > TOGETHER)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = sums.seen / sums.expected
            below = _scaled((1.0 - share) * np.sqrt(sums.expected), (sums.calm >= SEEN) & (sums.expected > 0))
        often = (sums.calm >= SEVERAL) & (sums.low >= NEARLY_ALL * sums.calm)
        dead = often & ~hot & (share < LITTLE) & (below > SURELY)
        return np.where(hot, HOT, np.where(dead, DEAD, np.uint32(0))).astype(np.uint32)

    def stray(self) -> Mask:
        """Give where light falls on the same pixels in nearly all exposures: claws, (y, x)."""
        number = np.maximum(self._wide_count, 1)
        enough = self._wide_count >= SEEN
        height = _scaled(self._wide / np.sqrt(number), enough)
        often = enough & (self._wide_high >= NEARLY_ALL * number)
        labels, count = label(often & (height > STRAY_EDGE), np.ones((3, 3)))
        if not count:
            return np.zeros(enough.shape, np.bool_)
        numbers = np.arange(1, count + 1)
        pixels = sum_labels(np.ones(labels.shape), labels, numbers)
        sure = sum_labels(height > STRAY, labels, numbers)
        kept = np.concatenate([[False], (pixels >= STRAY_PIXELS) & (sure > 0)])
        found = binary_dilation(kept[labels], iterations=self._side // 2)
        return found if found.mean() <= MOST_STRAY else np.zeros_like(found)


def _scaled(values: NDArray[np.floating], known: Mask) -> NDArray[np.floating]:
    """Divide by the scatter that there is, where it is more than noise alone would give."""
    some = values[known][::7]
    if not some.size:
        return values
    middle = np.median(some)
    spread = MAD_TO_SIGMA * np.median(np.abs(some - middle))
    return np.asarray((values - middle) / max(float(spread), 1.0))


@compiled(error_model="numpy")
def _add(
    rest: Float32Image, sky: Float32Image, noise: Float32Image, known: Mask, quiet: Mask, count: Counts, calm: Counts,
    high: Counts, low: Counts, excess: Float32Image, seen: Float32Image, expected: Float32Image, scaled: Float32Image,
) -> None:  # fmt: skip
    """Add an exposure to the sums, and write how far quiet pixels stand out, in standard deviations; others 0."""
    most, excessive = np.float32(MOST_AWAY), np.float32(10.0 * EACH)
    for i in range(rest.shape[0]):
        for j in range(rest.shape[1]):
            scaled[i, j] = 0.0
            if not known[i, j]:
                continue
            away = rest[i, j] / noise[i, j]
            light = sky[i, j] / noise[i, j]
            count[i, j] += 1
            high[i, j] += away > EACH
            excess[i, j] += min(away, excessive)
            if quiet[i, j]:
                scaled[i, j] = min(max(away, -most), most)
            if quiet[i, j] and light > 0.0:
                calm[i, j] += 1
                low[i, j] += -away > (1.0 - LESS) * light
                expected[i, j] += light * light
                seen[i, j] += light * (light + away)
