"""The operation ``cube-picture``: the maps of several lines of a spectral cube as one colour picture."""

from collections.abc import Sequence
from typing import get_args

from jwstpipe.analysis.cubes.cube import open_cube
from jwstpipe.analysis.cubes.maps import map_of, settled_line
from jwstpipe.operations.inputs.carried_inputs import provenance_for
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.render import composite as compositing
from jwstpipe.render.layers import Channel
from jwstpipe.requests import CompositeRequest
from jwstpipe.requests.analysis.cubes import CubeMapRequest, CubePictureRequest, LineWindow
from jwstpipe.requests.composite import PictureFile

__all__ = ["CUBE_PICTURE"]

FOR_EACH_SPAXEL = 8
"""Pixels on the side of a spaxel in pictures whose size is not asked for, up to `LONGEST`."""

LONGEST = 1024


def _identify(request: CubePictureRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    parameters = settled_line(request).model_dump(mode="json")
    return derived_identity(CUBE_PICTURE.name, CUBE_PICTURE.version, parameters, inputs)


def _make(identity: Identity, target: str, request: CubePictureRequest, *, context: MakeContext) -> Receipt:
    settled = settled_line(request)
    cube = open_cube(identity.inputs[0].address, s3=context.s3)
    window = {name: getattr(settled, name) for name in LineWindow.model_fields}
    maps = [map_of(cube, CubeMapRequest(line=line, **window)) for line in settled.lines]
    notes = tuple(f"{made.band}: {note}" for made in maps for note in made.notes)
    longest = max(cube.image.shape)
    size = settled.size or max(min(FOR_EACH_SPAXEL * longest, LONGEST), longest, 16)
    title = ", ".join([str(cube.image.primary.get("TARGNAME", "")).strip() or cube.name, *(one.band for one in maps)])
    made = compositing.composite(
        [Channel(one.image(cube)) for one in maps],
        target,
        options=CompositeRequest(size=size, enlarge=True, coverage="any", feather=0.0),
        title=title,
        provenance=provenance_for(CUBE_PICTURE, identity, [cube.image], target),
        report=context.report,
    )
    told = (*cube.notes, *notes, *made.notes, *(f"stretch {one}" for one in made.stretch_fallbacks))
    return Receipt(identity.id, (made.height, made.width), made.size_bytes, made.sha256, notes=told, detail=made)


CUBE_PICTURE = Operation(
    name="cube-picture",
    version="1",
    request=CubePictureRequest,
    kind="picture",
    place="pictures/{id}/{name}",
    forms=tuple(f".{form}" for form in get_args(PictureFile)),
    identify=_identify,
    make=_make,
    spread=True,
    of=("cube", "archive"),
    suffixes=("s3d",),
)
