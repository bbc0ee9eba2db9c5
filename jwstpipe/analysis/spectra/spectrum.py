"""`Spectrum`: samples along wavelength, which of them count, and what is known of where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jwstpipe.errors import DataError, UsageError

__all__ = ["Spectrum", "SpectrumOrigin", "valid_samples"]

Floats = NDArray[np.float64]

DO_NOT_USE = 1
"""The bit of DQ that excludes a sample."""


@dataclass(frozen=True)
class SpectrumOrigin:
    """Where a spectrum comes from, as far as its file says; texts are empty and numbers None where it does not."""

    file: str = ""
    """Name of the file, without its folder."""

    label: str = ""
    """Which of the file, as ``EXTRACT1D,2`` or ``integration 3``."""

    target: str = ""
    source_id: str = ""
    instrument: str = ""
    detector: str = ""
    grating: str = ""
    filter: str = ""
    channel: str = ""
    """Of MIRI's MRS, as ``3``."""

    band: str = ""
    """Of MIRI's MRS, as ``LONG``."""

    order: int | None = None
    """Spectral order."""

    source_type: str = ""
    """POINT or EXTENDED, as SRCTYPE says."""

    mode: str = ""
    """EXP_TYPE."""

    program: str = ""
    ra: float | None = None
    """Degrees, ICRS."""

    dec: float | None = None
    mjd: float | None = None
    """Middle of the exposure or integration, days."""

    integration: int | None = None

    @property
    def setting(self) -> str:
        """How it was dispersed, in a few words, as ``NIRSpec G140M F100LP`` or ``MIRI 3-LONG``."""
        words = [self.instrument, self.grating, self.filter]
        if self.channel:
            words = [self.instrument, f"{self.channel}-{self.band}" if self.band else self.channel]
        return " ".join(word for word in words if word)

    @property
    def title(self) -> str:
        """What a plot calls it."""
        source = f"source {self.source_id}" if self.source_id else ""
        parts = [self.target or self.file, source, self.setting, self.label if not self.target else ""]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A spectrum: frozen, float64, along vacuum wavelengths in micrometres that never fall; NaN = no data.

    Attributes
    ----------
    wavelength : ndarray (n,) of float64
        Vacuum, micrometres, as observed.
    flux : ndarray (n,) of float64
        In `unit`: a flux density (Jy), a surface brightness (MJy/sr), or what the file has (DN/s).
    error : ndarray (n,) of float64, or None
        Standard error of each sample, in `unit`; None where the file has none that is a number above zero.
    dq : ndarray (n,) of uint32, or None
        Data quality bits.
    unit : str
        As astropy writes it.
    valid : ndarray (n,) of bool
        Which samples count: see `valid_samples`.
    origin : SpectrumOrigin
        Target, instrument, grating...
    column : str
        What the samples are called in the file, as ``FLUX`` or ``SURF_BRIGHT``.
    other : mapping of str to ndarray
        Further columns of the same length, by name, as they stand in the file.
    notes : tuple of str
        What was replaced, ignored or left out on the way; sentences for people.

    Examples
    --------
    >>> Spectrum.of([1.0, 2.0], [3.0, 4.0], unit="Jy").valid.tolist()
    [True, True]
    """

    wavelength: Floats
    flux: Floats
    error: Floats | None
    dq: NDArray[np.uint32] | None
    unit: str
    valid: NDArray[np.bool_]
    origin: SpectrumOrigin = field(default_factory=SpectrumOrigin)
    column: str = "FLUX"
    other: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        wavelength: ArrayLike,
        flux: ArrayLike,
        error: ArrayLike | None = None,
        dq: ArrayLike | None = None,
        *,
        unit: str,
        valid: NDArray[np.bool_] | None = None,
        origin: SpectrumOrigin | None = None,
        column: str = "FLUX",
        other: Mapping[str, NDArray[Any]] | None = None,
        notes: tuple[str, ...] = (),
    ) -> Self:
        """Make a spectrum of plain arrays: put in order of wavelength, checked, its valid samples found.

        Parameters
        ----------
        wavelength
            (n,), micrometres; falling or mixed wavelengths are sorted, and mixed ones are said in the notes.
        flux, error, dq
            (n,); an error without a single number above zero is none.
        unit
            Of flux and error.
        valid
            Samples that may count; default: all. `valid_samples` is asked too.
        origin, column, other, notes
            See the class.

        Raises
        ------
        DataError
            Arrays of different lengths, or with more than one axis.
        """
        waves, values = np.asarray(wavelength, np.float64), np.asarray(flux, np.float64)
        errors = None if error is None else np.asarray(error, np.float64)
        bits = None if dq is None else np.asarray(dq).astype(np.uint32)
        columns = {name: np.asarray(one) for name, one in (other or {}).items()}
        for name, one in (("flux", values), ("error", errors), ("dq", bits), *columns.items()):
            if one is not None and (waves.ndim != 1 or one.shape[:1] != waves.shape):
                raise DataError(f"a spectrum of {waves.shape} wavelengths cannot have {name} of shape {one.shape}")
        errors = None if errors is None or not usable(errors).any() else errors
        order, told = _order(waves)
        allowed = np.ones(waves.shape, bool) if valid is None else valid
        if order is not None:
            waves, values, allowed = waves[order], values[order], allowed[order]
            errors = None if errors is None else errors[order]
            bits = None if bits is None else bits[order]
            columns = {name: one[order] for name, one in columns.items()}
        counted = allowed & valid_samples(waves, values, errors, bits)
        return cls(
            waves, values, errors, bits, unit, counted, origin or SpectrumOrigin(), column, columns, (*notes, *told)
        )

    def __len__(self) -> int:
        return len(self.wavelength)

    def __repr__(self) -> str:
        ends = self.ends
        reach = f"{ends[0]:.4g}-{ends[1]:.4g} um" if ends else "no valid sample"
        return f"<Spectrum {self.origin.title or self.column}: {self.n_valid:,} of {len(self):,} samples, {reach}>"

    @property
    def n_valid(self) -> int:
        """Samples that count."""
        return int(np.count_nonzero(self.valid))

    @property
    def ends(self) -> tuple[float, float] | None:
        """Shortest and longest wavelength of a valid sample, micrometres; None = there is none."""
        found = self.wavelength[self.valid]
        return (float(found[0]), float(found[-1])) if found.size else None

    @property
    def is_surface_brightness(self) -> bool:
        """Samples are per solid angle."""
        return "/sr" in self.unit.replace(" ", "") or "sr-1" in self.unit or "arcsec" in self.unit

    @property
    def frequency(self) -> Floats:
        """Hz, (n,)."""
        return np.asarray(2.99792458e14 / self.wavelength)

    def gaps(self, factor: float = 4.0) -> NDArray[np.intp]:
        """Give the samples before which a gap lies: between detectors, bands, or where samples are invalid.

        Parameters
        ----------
        factor
            A step larger than so many times the median of the steps about it is a gap.
        """
        steps = np.diff(self.wavelength)
        if steps.size < 2:
            return np.zeros(0, np.intp)
        usual = np.median(steps[steps > 0.0]) if (steps > 0.0).any() else 0.0
        beside = np.minimum(np.r_[steps[1:], np.inf], np.r_[np.inf, steps[:-1]])
        return np.flatnonzero((steps > factor * beside) & (steps > factor * 0.5 * usual)) + 1

    def cut(self, low: float, high: float) -> Self:
        """Give the samples of a range of wavelengths, micrometres, ends included."""
        return self.select((self.wavelength >= low) & (self.wavelength <= high))

    def select(self, kept: NDArray[Any]) -> Self:
        """Give some samples: a mask or indices, in order."""
        return replace(
            self, wavelength=self.wavelength[kept], flux=self.flux[kept], valid=self.valid[kept],
            error=None if self.error is None else self.error[kept], dq=None if self.dq is None else self.dq[kept],
            other={name: one[kept] for name, one in self.other.items()},
        )  # fmt: skip

    def scaled(self, factor: float, note: str = "") -> Self:
        """Give the spectrum with flux and error times a factor, and a note that says so."""
        errors = None if self.error is None else self.error * factor
        notes = (*self.notes, note) if note else self.notes
        return replace(self, flux=self.flux * factor, error=errors, notes=notes)

    def to_specutils(self) -> Any:
        """Give a ``specutils.Spectrum`` (``Spectrum1D`` of older ones); invalid samples are masked.

        Raises
        ------
        UsageError
            specutils is not installed.
        DataError
            astropy knows no such unit.
        """
        try:
            import specutils  # noqa: PLC0415 - an optional bridge, and slow to load
        except ImportError:
            raise UsageError("specutils is not installed; pip install specutils") from None
        from astropy import units  # noqa: PLC0415 - slow to load
        from astropy.nddata import StdDevUncertainty  # noqa: PLC0415

        from jwstpipe.analysis.spectra.unit_words import known_unit  # noqa: PLC0415

        made = getattr(specutils, "Spectrum", None) or specutils.Spectrum1D
        known = self.valid | np.isfinite(self.wavelength)
        unit = known_unit(self.unit) if self.unit else units.dimensionless_unscaled
        if unit is None:
            raise DataError(f"{self.origin.file or 'spectrum'}: astropy knows no unit {self.unit!r}")
        return made(
            spectral_axis=self.wavelength[known] * units.um,
            flux=self.flux[known] * unit,
            uncertainty=None if self.error is None else StdDevUncertainty(self.error[known]),
            mask=~self.valid[known],
            meta={"target": self.origin.target, "file": self.origin.file, "column": self.column},
        )


def usable(errors: Floats) -> NDArray[np.bool_]:
    """Tell which standard errors are numbers above zero."""
    return np.asarray(np.isfinite(errors) & (errors > 0.0))


def valid_samples(
    wavelength: Floats, flux: Floats, error: Floats | None = None, dq: NDArray[np.uint32] | None = None
) -> NDArray[np.bool_]:
    """Tell which samples count.

    Wavelength above zero, a finite flux, DQ without DO_NOT_USE, and an error that is a number above zero; where no
    sample has such an error, a flux that is not zero, because writers fill with zeros.

    Returns
    -------
    ndarray (n,) of bool
    """
    found = np.isfinite(wavelength) & (wavelength > 0.0) & np.isfinite(flux)
    if dq is not None:
        found &= (dq & DO_NOT_USE) == 0
    return np.asarray(found & (flux != 0.0) if error is None else found & usable(error))


def _order(waves: Floats) -> tuple[NDArray[np.intp] | None, tuple[str, ...]]:
    """Find the order of rising wavelengths where the given one is another; unknown ones come last."""
    known = waves[np.isfinite(waves)]
    if known.size == waves.size and not (np.diff(waves) < 0.0).any():
        return None, ()
    order = np.argsort(waves, kind="stable")
    steps = np.diff(known)
    if not (steps < 0.0).any() or not (steps > 0.0).any():
        return order, ()
    turns = int(np.count_nonzero((steps < 0.0) != (np.median(steps) < 0.0)))
    return order, (f"wavelengths go back at {turns:,} place{'s' * (turns > 1)}; samples were put in order",)
