"""How much neighbouring samples of a resampled cube move together, measured in the cube itself.

Drizzling puts the noise of one detector pixel into several spaxels, so that the error of a sum is larger than the root
of the summed variances. What is common to the spaxels of an aperture is compared with what each has alone: of the
part of the spectra that changes from slice to slice, the scatter of the sum over the aperture over that of independent
samples. The errors of the file do not enter, nor does anything smooth: the source, fringes, the background.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError

__all__ = ["CommonNoise"]

Floats = NDArray[np.float64]

LEAST_SLICES = 30
"""That a factor is told from; its own error is then an eighth."""

NORMAL = 1.482602218505602
"""Standard deviation over the median of absolute deviations, of normal noise."""


@dataclass
class CommonNoise:
    """What was seen of the noise of an aperture, block by block."""

    ratios: list[Floats] = field(default_factory=list)

    def add(self, values: NDArray[np.floating], shares: Floats) -> None:
        """Look at the samples of some neighbouring slices.

        Parameters
        ----------
        values
            (slices, y, x).
        shares
            (y, x), of each spaxel in the aperture.
        """
        used = shares > 0.0
        if len(values) < 3 or used.sum() < 2:
            return
        samples, weights = values[:, used].astype(np.float64), shares[used]
        rough = samples[1:-1] - 0.5 * (samples[:-2] + samples[2:])  # of no length scale but that of noise
        known = np.isfinite(rough)
        rough = np.where(known, rough, 0.0)
        alone = (rough**2) @ weights**2
        whole = (known.mean(axis=1) > 0.5) & (alone > 0.0)
        self.ratios.append((rough @ weights)[whole] / np.sqrt(alone[whole]))

    def factor(self, *, where: str) -> float:
        """Give the factor on errors of independent samples; 1 at least.

        Raises
        ------
        DataError
            Too few slices, or a single spaxel.
        """
        found = np.concatenate(self.ratios) if self.ratios else np.zeros(0)
        if found.size < LEAST_SLICES:
            raise DataError(
                f"{where}: the noise that its samples share cannot be measured in {found.size} slices of this aperture;"
                f" {LEAST_SLICES} of two spaxels at least are needed; give the factor with --covariance"
            )
        return max(NORMAL * float(np.median(np.abs(found))), 1.0)
