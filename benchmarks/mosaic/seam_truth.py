"""What background matching really leaves between simulated tiles, whose skies are known, and the least that it can."""

import json
from functools import cached_property

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

STEP = 16
"""Pixels between the points of an overlap that are looked at."""

FEWEST = 4
"""Points of an overlap that counts."""


class Truth:
    """Tiles whose skies are known, in the order of their names."""

    def __init__(self, names):
        told = json.loads((names[0].parent / "truth.json").read_text())
        self.noise = told["noise"]
        self.skies = np.column_stack([told["levels"], np.array(told["slopes"])])
        self.places = [WCS(fits.getheader(name)) for name in names]
        self.side = fits.getheader(names[0])["NAXIS1"]
        self.overlaps = {}
        """For each pair the points of their overlap: RA, Dec, and pixels about the middle of the first and second."""

        x, y = (one.ravel() for one in np.meshgrid(*[np.arange(STEP / 2 - 0.5, self.side, STEP)] * 2))
        for i, first in enumerate(self.places):
            ra, dec = first.all_pix2world(x, y, 0)
            for j in range(i + 1, len(self.places)):
                u, v = self.places[j].all_world2pix(ra, dec, 0)
                both = (abs(u - self.middle) <= self.middle) & (abs(v - self.middle) <= self.middle)
                if both.sum() >= FEWEST:
                    about = [one[both] - self.middle for one in (x, y, u, v)]
                    self.overlaps[i, j] = (ra[both], dec[both], *about)

    @property
    def middle(self):
        return (self.side - 1) / 2

    def steps(self, model):
        """Give the mean step in each overlap, and its rms along it; `model` gives the sky that was found of a tile."""
        found = []
        for (i, j), (ra, dec, x, y, u, v) in self.overlaps.items():
            true = self.skies[i] @ [np.ones_like(x), x, y] - self.skies[j] @ [np.ones_like(u), u, v]
            left = true - (model(i, ra, dec) - model(j, ra, dec))
            found.append((left.mean(), np.sqrt(np.mean(left**2))))
        return np.array(found)

    def least(self, *, planes):
        """Give the standard deviation of the same, if skies are found with no more than the noise of all pixels.

        The bound of Cramer and Rao: stars, and what else is to be taken out, make it no smaller.
        """
        size = 3 if planes else 1
        cover, basis = self._lattice
        basis, count = basis[:, :size] * cover[:, None], len(cover)
        weight = STEP**2 / self.noise**2
        seen = np.maximum(cover.sum(axis=0), 1)
        rows = basis.reshape(count * size, -1)
        information = (-weight * (rows / seen) @ rows.T).reshape(count, size, count, size)
        for i in range(count):
            information[i, :, i] += weight * basis[i] @ basis[i].T
        spread = np.linalg.pinv(information.reshape(count * size, -1), rcond=1e-9, hermitian=True)
        found = []
        for (i, j), (_, _, x, y, u, v) in self.overlaps.items():
            point = np.zeros((x.size, count, 3))
            point[:, i], point[:, j] = np.column_stack([x * 0 + 1, x, y]), -np.column_stack([u * 0 + 1, u, v])
            point[..., 1:] /= self.side
            point = point[..., :size].reshape(x.size, -1)
            mean = point.mean(axis=0)
            found.append((np.sqrt(mean @ spread @ mean), np.sqrt(np.mean(np.sum(point @ spread * point, axis=1)))))
        return np.array(found)

    @cached_property
    def _lattice(self):
        """Points of the whole field: which tiles see them, and (1, x, y) about their middles, sides."""
        corners = np.array([-0.5, self.side - 0.5])
        x, y = (one.ravel() for one in np.meshgrid(corners, corners))
        sky = np.concatenate([np.column_stack(place.all_pix2world(x, y, 0)) for place in self.places])
        step = STEP * np.sqrt(abs(np.linalg.det(self.places[0].wcs.cd)))
        low, high = sky.min(axis=0), sky.max(axis=0)
        ra, dec = np.meshgrid(
            np.arange(low[0], high[0], step / np.cos(np.radians(low[1]))), np.arange(low[1], high[1], step)
        )
        places = [np.array(place.all_world2pix(ra.ravel(), dec.ravel(), 0)) for place in self.places]
        about = (np.array(places) - self.middle) / self.side
        cover = (abs(about) < 0.5).all(axis=1)
        return cover, np.concatenate([np.ones_like(about[:, :1]), about], axis=1)
