"""Routes of the pages of what is no picture: spectra, tables, cubes."""

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import UsageError
from jwstpipe.execution.kept import Kept
from jwstpipe.storage import named_for_people
from jwstpipe.storage.local_copy import local_copy
from jwstpipe.viewer.data.cubes import OpenedCube, along, along_region, opened_cube, slice_picture
from jwstpipe.viewer.data.rows import open_rows
from jwstpipe.viewer.data.spectra import MOST_SPECTRA, curve, one_of, opened_spectra, spectra_facts, strong_lines
from jwstpipe.viewer.server.asking import Pool, number_of, page_wishes
from jwstpipe.viewer.server.guard import user_of
from jwstpipe.viewer.viewing import Viewing

__all__ = ["data_routes"]

ResultT = TypeVar("ResultT")

_READ_IN_PLACE = (".fits", ".fit")
"""Tables whose pages are read where they lie, also behind an address."""

FILES = 12
"""Files that are kept open, or read."""


def data_routes(viewing: Viewing) -> list[Route]:
    """Give the routes."""
    asked = _Data(viewing)
    return [
        Route("/api/lines", asked.lines),
        Route("/api/spectra/{id}", asked.spectra),
        Route("/api/spectra/{id}/{number:int}", asked.curve),
        Route("/api/rows/{id}", asked.rows),
        Route("/api/cube/{id}", asked.cube),
        Route("/api/cube/{id}/slice/{index:int}", asked.slice),
        Route("/api/cube/{id}/along/{x:int},{y:int}", asked.along),
        Route("/api/cube/{id}/region", asked.region),
    ]


class _Data:
    """One method a route."""

    def __init__(self, viewing: Viewing) -> None:
        self._shared = viewing
        self._pool = Pool(2, 20)
        self._opened: Kept[Any] = Kept(FILES)

    async def _of(
        self, request: Request, kind: str, read: Callable[[str], Any], work: Callable[[Any], ResultT]
    ) -> ResultT:
        """Open a product that whoever asks may see, and do something with it."""
        identity, sources = request.path_params["id"], self._shared.seen_by(user_of(request)).sources

        def doing() -> ResultT:
            (source,) = sources.get([identity])
            with named_for_people({source.address: source.name}):
                return work(self._opened.get((kind, source.product_id), lambda: read(source.address)))

        return await self._pool.run(doing, request)

    async def lines(self, _: Request) -> Response:
        """Give the lines that can be marked on spectra."""
        return JSONResponse(strong_lines(), headers={"cache-control": "private, max-age=3600"})

    async def spectra(self, request: Request) -> Response:
        """Say which spectra a product has, from one of them on."""
        word = request.query_params.get("start", "0")
        if not (word.isdecimal() and len(word) < 10):
            raise UsageError("start is a whole number")
        return JSONResponse(await self._part(request, int(word), lambda spectra, _: spectra_facts(spectra)))

    async def curve(self, request: Request) -> Response:
        """Give a spectrum, or a part of it, for the columns of a screen."""
        number = request.path_params["number"]

        def drawn(spectra: tuple[Spectrum, ...], first: int) -> dict[str, Any]:
            return _drawn(one_of(spectra, number - first), request)

        return JSONResponse(await self._part(request, number, drawn))

    async def _part(
        self, request: Request, number: int, work: Callable[[tuple[Spectrum, ...], int], ResultT]
    ) -> ResultT:
        """Do something with the part of the spectra of a product that holds one; it is told where the part begins."""
        first = number // MOST_SPECTRA * MOST_SPECTRA
        return await self._of(
            request,
            f"spectra {first}",
            lambda address: opened_spectra(address, first=first, s3=self._shared.sources.s3),
            lambda spectra: work(spectra, first),
        )

    async def cube(self, request: Request) -> Response:
        """Say what a cube is."""
        return JSONResponse(await self._of(request, "cube", self._open_cube, lambda cube: cube.facts()))

    async def slice(self, request: Request) -> Response:
        """Draw a slice of a cube."""
        words, index = request.query_params, request.path_params["index"]

        def work(cube: OpenedCube) -> bytes:
            low, high = (number_of(words[name]) if name in words else getattr(cube, name) for name in ("low", "high"))
            return slice_picture(cube, index, low=low, high=high, stretch=words.get("stretch", "asinh"))

        content = await self._of(request, "cube", self._open_cube, work)
        return Response(content, media_type="image/png", headers={"cache-control": "private, max-age=3600"})

    async def along(self, request: Request) -> Response:
        """Give what a pixel of a cube holds in all slices."""
        x, y = request.path_params["x"], request.path_params["y"]
        return JSONResponse(
            await self._of(request, "cube", self._open_cube, lambda cube: _drawn(along(cube, x, y), request))
        )

    async def region(self, request: Request) -> Response:
        """Give the spectrum of a region of a cube."""
        region, s3 = request.query_params.get("region", ""), self._shared.sources.s3
        work = lambda cube: _drawn(along_region(cube, region, s3=s3), request)  # noqa: E731
        return JSONResponse(await self._of(request, "cube", self._open_cube, work))

    def _open_cube(self, address: str) -> OpenedCube:
        return opened_cube(address, s3=self._shared.sources.s3)

    async def rows(self, request: Request) -> Response:
        """Give a page of a table."""
        wishes = page_wishes(request.query_params)
        return JSONResponse(await self._of(request, "rows", self._read_rows, lambda rows: rows.page(**wishes)))

    def _read_rows(self, address: str) -> Any:
        name = address.rstrip("/").rpartition("/")[2]
        if name.lower().endswith(_READ_IN_PLACE):
            return open_rows(address, name=name, s3=self._shared.sources.s3)
        with local_copy(address, s3=self._shared.sources.s3) as file:
            return open_rows(file, name=name)


def _drawn(spectrum: Spectrum, request: Request) -> dict[str, Any]:
    """Give a spectrum, or the part of it that is asked for, for the columns of a screen."""
    words = request.query_params
    columns = words.get("columns", "1000")
    if not (columns.isdecimal() and len(columns) < 6):
        raise UsageError("columns is a whole number")
    ends = spectrum.ends or (float(spectrum.wavelength[0]), float(spectrum.wavelength[-1]))
    first, last = (
        number_of(words[name]) if name in words else end for name, end in zip(("first", "last"), ends, strict=True)
    )
    return curve(spectrum, first, last, int(columns))
