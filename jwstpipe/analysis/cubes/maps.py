"""The image that a request asks of a cube."""

from typing import TypeVar

from jwstpipe.analysis.cubes.collapse import collapsed, slice_map
from jwstpipe.analysis.cubes.cube import Cube
from jwstpipe.analysis.cubes.lines import line_samples
from jwstpipe.analysis.cubes.moments import line_map
from jwstpipe.analysis.cubes.named import named_line
from jwstpipe.analysis.cubes.planes import MapPlanes
from jwstpipe.errors import UsageError
from jwstpipe.requests.analysis.cubes import CubeMapRequest, CubePictureRequest

__all__ = ["channel_requests", "map_of", "moment_requests", "settled_line"]

RequestT = TypeVar("RequestT", CubeMapRequest, CubePictureRequest)


def map_of(cube: Cube, request: CubeMapRequest) -> MapPlanes:
    """Make the image that a request asks for; without any wish the mean of all slices.

    Raises
    ------
    JwstPipeError
        As `slice_map`, `collapsed` and `line_map`.
    """
    if request.line is not None:
        return line_map(cube, request)
    if request.wavelength is not None or request.index is not None:
        return slice_map(cube, request)
    first, last = (0, cube.shape[0]) if request.range is None else cube.range_of(*request.range)
    return collapsed(cube, first, last, request.collapse or "mean")


def settled_line(request: RequestT) -> RequestT:
    """Put the wavelength of a line beside its name: what decides over a product is what stands in its record.

    Raises
    ------
    UsageError
        A line that is not known.
    """
    if isinstance(request, CubePictureRequest):
        return request.model_copy(update={"lines": tuple(_settled(word) for word in request.lines)})
    return request if request.line is None else request.model_copy(update={"line": _settled(request.line)})


def _settled(word: str) -> str:
    line = named_line(word)
    return f"{line.name}={line.rest_um!r}"


def moment_requests(request: CubeMapRequest) -> list[CubeMapRequest]:
    """Ask for the three moments of a line: its flux, velocity and dispersion."""
    if request.line is None or request.collapse is not None:
        raise UsageError("moments are those of a line, without --collapse; name it with --line")
    return [request.model_copy(update={"moment": moment}) for moment in (0, 1, 2)]


def channel_requests(cube: Cube, request: CubeMapRequest, count: int) -> list[CubeMapRequest]:
    """Cut the range of a line into equal ranges of velocity, one for each channel map."""
    if request.line is None:
        raise UsageError("channel maps are those of a line; name it with --line")
    whole = line_samples(cube, named_line(request.line), request)
    window, sides = whole.window, whole.sides
    step = (window[1] - window[0]) / count
    ends = [(window[0] + number * step, window[0] + (number + 1) * step) for number in range(count)]
    how = request.collapse or "mean"
    return [request.model_copy(update={"velocities": pair, "sides": sides, "collapse": how}) for pair in ends]
