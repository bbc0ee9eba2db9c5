"""The one list of operations: jobs, forms, commands, verbs, staleness, lineage and `reproduce` know them from here.

A line says what is known of an operation before it is loaded; the rest is the value in its module, which is loaded when
it is first asked for. So a list of commands or of jobs costs no numerical library.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from jwstpipe.errors import UsageError

if TYPE_CHECKING:
    from jwstpipe.operations.spec import Operation
    from jwstpipe.requests import Request

__all__ = ["LISTED", "REGISTRY", "Listed", "algorithms", "operation_named"]


@dataclass(frozen=True)
class Listed:
    """One line of the list."""

    name: str
    """As it stands in records, ``contact-sheet``: its value is ``CONTACT_SHEET`` in ``operations/contact_sheet.py``."""

    summary: str
    """One sentence for people: of its command, its verb and its job."""

    job: str = ""
    """What its job asks, by its name in `jwstpipe.requests`; none = its own options, and which products of the
    catalogue (`jwstpipe.operations.make.asked`)."""

    asked_as: str = ""
    """Name of its job; none = its own."""

    queue: Literal["interactive", "bulk"] = "bulk"
    """``interactive`` for what a person waits for, ``bulk`` for the rest."""

    room: str = ""
    """Folder of ``operations`` that its module stands in; none = that folder itself."""

    @property
    def word(self) -> str:
        """Its name in Python: of its module, its verb and its flow."""
        return self.name.replace("-", "_")

    @property
    def job_name(self) -> str:
        """Name of its job."""
        return self.asked_as or self.word

    @property
    def job_request(self) -> "type[Request] | None":
        """What its job asks, where that is named."""
        found: type[Request] | None = getattr(import_module("jwstpipe.requests"), self.job) if self.job else None
        return found


LISTED: dict[str, Listed] = {
    line.name: line
    for line in (
        Listed("convert", "FITS files of the archive into image stores.", job="ConvertRequest"),
        Listed("export", "Image stores into FITS files."),
        Listed("mosaic", "Images into mosaics, one for each filter.", job="MosaicRequest", queue="interactive"),
        Listed("composite", "Mosaics into a colour picture.", job="PictureRequest", queue="interactive"),
        Listed("thumbnail", "Small grey pictures of images.", job="ThumbnailsRequest", asked_as="thumbnails"),
        Listed("contact-sheet", "Small pictures of many images on one page."),
        Listed("detect", "Catalogues of the sources of images and mosaics.", room="sources"),
        Listed("segmentation", "Images of whole numbers that say which pixel belongs to which source.", room="sources"),
        Listed(
            "photometry", "Fluxes of known sources on images, those of all filters at the same places.", room="sources"
        ),
        Listed("match", "Two catalogues as one, of the sources that both have.", room="sources"),
        Listed("astrometry", "How far sources lie from the positions of a reference.", room="sources"),
        Listed("filter", "Images with smoothed, sharpened, cleaned or repaired samples."),
        Listed("match-psf", "Images with the PSF of another one, which is wider."),
        Listed("clean", "Exposures without what their detectors added.", job="CleanRequest", room="cleaning"),
        Listed("detector-pattern", "What exposures of a detector have at the same pixels.", room="cleaning"),
        Listed("background", "Images without their sky, or the sky of images."),
        Listed("convert-cube", "Spectral cubes into stores that serve slices and spectra.", room="cubes"),
        Listed("cube", "Images of spectral cubes: a slice, a range, or a map of a line.", room="cubes"),
        Listed("cube-spectrum", "The spectrum of a place in a spectral cube.", room="cubes"),
        Listed("spectrum", "Spectra as plots and tables: read, joined, their redshift found.", room="spectra"),
        Listed("table", "Parts of tables in another form, and light curves of time series.", room="spectra"),
        Listed("lines", "The lines of spectra, measured, as tables.", room="spectra"),
        Listed("cube-picture", "Several lines of a spectral cube as one colour picture.", room="cubes"),
    )
}
"""Every operation by its name. To add one is one line here."""


class _Loaded(Mapping[str, "Operation[Any]"]):
    """The operations of the list, each loaded when it is first asked for."""

    def __getitem__(self, name: str) -> "Operation[Any]":
        line = LISTED[name]
        module = ".".join(part for part in ("jwstpipe.operations", line.room, line.word) if part)
        found: Operation[Any] = getattr(import_module(module), line.word.upper())
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(LISTED)

    def __len__(self) -> int:
        return len(LISTED)


REGISTRY: Mapping[str, "Operation[Any]"] = _Loaded()
"""Every operation by its name, as a value."""


def operation_named(name: str) -> "Operation[Any]":
    """Find an operation.

    Raises
    ------
    UsageError
        There is none of this name; the message lists those there are.
    """
    if name not in LISTED:
        raise UsageError(f"no operation is called {name!r}; there are {', '.join(sorted(LISTED))}")
    return REGISTRY[name]


def algorithms() -> dict[str, str]:
    """Give the version of each operation in this installation."""
    return {name: operation.version for name, operation in REGISTRY.items()}
