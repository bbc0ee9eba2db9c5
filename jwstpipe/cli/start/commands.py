"""Every command: its name, what it does in one line, and where it is; nothing of it is imported until it runs."""

from collections.abc import Mapping
from typing import NamedTuple

from jwstpipe.operations.registry import LISTED

__all__ = ["CATALOG", "COMMANDS", "Entry", "all_entries", "commands_by_heading"]


class Entry(NamedTuple):
    """A command, or a group of commands."""

    help: str
    """One line: the first of the command's docstring."""

    function: str
    """``module:function``, below `jwstpipe.cli`; empty for a group."""

    commands: "Mapping[str, Entry] | None" = None
    """Of a group: its commands."""


CATALOG = {
    "add": Entry(
        "Make the records of files from what they say of themselves; they stay where they are.",
        "catalog.add:add",
    ),
    "find": Entry("Find records.", "catalog.show:find"),
    "show": Entry("Show whole records, by id, file name, storage key or a file of the product.", "catalog.show:show"),
    "stats": Entry(
        "Count records and bytes by kind, instrument, filter, level, status and size.",
        "catalog.show:stats",
    ),
    "stale": Entry("List the products that are not current any more, and why.", "catalog.show:stale"),
    "tag": Entry("Add tags to products, or to all that the conditions choose.", "catalog.edit:tag"),
    "archive": Entry("Mark what the conditions choose as archived.", "catalog.edit:archive"),
    "delete": Entry("Delete what the conditions choose; what depends on it is named first.", "catalog.edit:delete"),
    "export": Entry(
        "Write records as JSON lines (everything), CSV, ECSV or a FITS table (what fits in columns).",
        "catalog.exchange:export",
    ),
    "import": Entry(
        "Enter records that `export` wrote; all are checked before the first is entered.",
        "catalog.exchange:import_records",
    ),
    "reconcile": Entry(
        "Compare store and catalogue both ways: orphans, half-made attempts, missing and altered files (exit 6).",
        "catalog.upkeep:reconcile",
    ),
}

COMMANDS: Mapping[str, Mapping[str, Entry]] = {
    "The whole way": {
        "run": Entry("Go the whole way: search, fetch, convert, mosaic, compose, publish.", "runs:run"),
        "demo": Entry(
            "Run the whole pipeline against a simulated archive on this machine, without network.",
            "runs:demo",
        ),
    },
    "Archive and catalogue": {
        "discover": Entry(
            "Tell what is worth making: pictures of a target, what is new, or what the featured targets hold.",
            "discovery:discover",
        ),
        "find": Entry(
            "Find records of the catalogue by words: lines, classes, wavelengths, programmes, dates, names.",
            "discovery:find",
        ),
        "search": Entry(
            "Find JWST observations, or their files, by target, position, observation, programme or release date.",
            "archive.observations:search",
        ),
        "ingest": Entry(
            "Fetch files of the archive into the store and register them in the catalogue.",
            "archive.observations:ingest",
        ),
        "transfers": Entry(
            "List files of the archive that are not whole yet; pause, resume or cancel their transfers.",
            "archive.transfers:transfers",
        ),
        "refresh-metadata": Entry(
            "Read anew what MAST and the headers say of files in the catalogue.",
            "archive.observations:refresh_metadata",
        ),
        "names": Entry("Tell what JWST file names say, without opening the files.", "archive.names:names"),
        "catalog": Entry("What do we have: find, show, count, tag, delete, export.", "", CATALOG),
        "lineage": Entry("Tell what a product was made of and what became of it.", "lineage:lineage"),
        "reproduce": Entry(
            "Make a product again from its record, and say whether it is the same to the last bit.",
            "reproduce:reproduce",
        ),
    },
    "Images": {
        "info": Entry("Tell what images are: planes, size, place on the sky, origin.", "images.info:info"),
        "convert": Entry("Convert a FITS image to an image store in Zarr.", "images.convert:convert"),
        "export": Entry(
            "Write an image store as FITS; an image converted with all HDUs comes back byte for byte.",
            "images.export:export",
        ),
        "clean": Entry(
            "Take out of exposures what their detectors added; the exposures stay, and what was taken is kept.",
            "images.clean:clean",
        ),
        "verify": Entry(
            "Read products wholly: nothing lost, not one bit wrong, as far as they and the catalogue can tell.",
            "images.verify:verify",
        ),
        "mosaic": Entry("Make one mosaic of many images.", "images.mosaics:mosaic"),
        "footprints": Entry(
            "Show where images, and the tiles of their mosaic, lie on the sky.", "images.mosaics:footprints"
        ),
    },
    "Pictures": {
        "view": Entry(
            "Look at images in a browser: any number of filters, any size, live; Ctrl-C ends it.", "viewing:view"
        ),
        "composite": Entry(
            "Make a colour picture of several filters, in the order of their wavelengths.",
            "pictures:composite",
        ),
        "thumbnail": Entry("Make a small grey picture of one image.", "images.thumbnails:thumbnail"),
        "contact-sheet": Entry(
            "Put small grey pictures of images on one page, each with its filter and name.",
            "images.thumbnails:contact_sheet",
        ),
    },
    "Measure": {
        "stats": Entry(
            "Measure the pixels of images, or of regions of them: counts, exact percentiles, clipped statistics, flux.",
            "analysis.pixels:stats",
        ),
        "filter": Entry(
            "Smooth, sharpen, clean or repair the samples of an image; the result is no image for photometry.",
            "analysis.images:filter_",
        ),
        "zero-point": Entry(
            "Check the zero point of an image against stars of known brightness.", "analysis.catalogues:zero_point"
        ),
        "match-psf": Entry(
            "Give images the PSF of another one, which is wider: for colours, and for pictures without rings.",
            "analysis.images:match_psf",
        ),
        "background": Entry(
            "Measure the sky of an image and take it away: a mesh that follows it, a plane, or one level.",
            "analysis.images:background",
        ),
        "detect": Entry(
            "Find sources and write their catalogue; the same for every tiling and number of workers.",
            "analysis.sources:detect",
        ),
        "spectrum": Entry(
            "Show spectra, and measure them: lines, redshift, continuum, bands put end to end.",
            "analysis.spectra:spectrum",
        ),
        "table": Entry(
            "Look at tables, choose and sort rows, make light curves, write other forms.", "analysis.tables:table"
        ),
        "lines": Entry(
            "Measure the lines of spectra and write them as a table, with the source of each wavelength at rest.",
            "analysis.spectra:lines",
        ),
        "completeness": Entry(
            "Put stars into an image, search it again, and tell how many are found, by their brightness.",
            "analysis.sources:completeness",
        ),
        "sources": Entry(
            "Show or convert a catalogue: all of it, or what lies near a place; our column names or the official ones.",
            "analysis.sources:sources",
        ),
        "photometry": Entry(
            "Measure sources at the same places on the images of all filters.", "analysis.catalogues:photometry"
        ),
        "match": Entry(
            "Match two catalogues on the sky, one to one, and say how many pairs chance alone would give.",
            "analysis.catalogues:match",
        ),
        "astrometry": Entry(
            "Compare positions with a reference: offset, rotation, scale; nothing is changed.",
            "analysis.catalogues:astrometry",
        ),
        "batch": Entry(
            "Do one verb to many products of the catalogue; a row for each, and an error is a row too.",
            "analysis.batch:batch",
        ),
        "cube": Entry(
            "Make images, spectra and pictures of a spectral cube, or tell what it is.", "analysis.cubes:cube"
        ),
        "pixels": Entry(
            "Tell all of single pixels: the value of every plane, flags in words, and which exposures made them.",
            "analysis.pixels:pixels",
        ),
    },
    "Server and jobs": {
        "up": Entry(
            "Start Prefect, the flows, Dask, catalogue and store on this machine; Ctrl-C stops them all.",
            "server.up:up",
        ),
        "submit": Entry("Ask a Prefect server for a job; the same request twice is one job.", "jobs:submit"),
        "jobs": Entry("List jobs, the newest first.", "jobs:jobs"),
        "status": Entry("Tell how a job stands, and how far it is.", "jobs:status"),
        "watch": Entry("Wait until a job ends, and show its progress; the exit code tells how it ended.", "jobs:watch"),
        "cancel": Entry("Stop a job; what was published before stays, nothing half-done is visible.", "jobs:cancel"),
        "result": Entry("Tell what a job made and where it lies.", "jobs:result"),
    },
    "This installation": {
        "doctor": Entry(
            "Check every part, and say how to mend what is broken; exit code 5 if a part does not work.",
            "server.doctor:doctor",
        ),
        "config": Entry(
            "Show the settings in effect (passwords are left out), or copy the files that explain them.",
            "server.config:config",
        ),
    },
}
"""The commands by the heading that they stand under in ``jwstpipe --help``."""


def commands_by_heading() -> dict[str, Mapping[str, Entry]]:
    """Give all commands by heading: those above, and one for each operation that has none among them."""
    own = {name for entries in COMMANDS.values() for name in entries}
    shared = {
        line.name: Entry(line.summary, f"operations:{line.word}") for line in LISTED.values() if line.name not in own
    }
    return {**COMMANDS, **({"Other operations": shared} if shared else {})}


def all_entries() -> dict[str, Entry]:
    """Give all commands by name, in the order of the help."""
    return {name: entry for entries in commands_by_heading().values() for name, entry in entries.items()}
