"""Many images on one plane of the sky: plan, match backgrounds, warp, combine.

The room is also the verb: ``jwstpipe.mosaic(images, "out.zarr")`` is `jwstpipe.mosaic.build.mosaic`.
"""

import sys
from types import ModuleType
from typing import Any


class _CallableRoom(ModuleType):
    def __call__(self, *arguments: Any, **policies: Any) -> Any:
        from jwstpipe.mosaic.build import mosaic  # noqa: PLC0415 - compiled kernels load only when they are used

        return mosaic(*arguments, **policies)


sys.modules[__name__].__class__ = _CallableRoom
