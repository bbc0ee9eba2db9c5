"""Jobs: what is asked of a Prefect server, watched, cancelled and read back.

The room is also the verb: ``jwstpipe.jobs()`` lists jobs, see `jwstpipe.jobs.listing.jobs`. Nothing here needs an
event loop, and nothing minds one: the same calls work in a script and in a notebook.
"""

import sys
from types import ModuleType
from typing import Any


class _CallableRoom(ModuleType):
    def __call__(self, *arguments: Any, **policies: Any) -> Any:
        from jwstpipe.jobs.listing import jobs  # noqa: PLC0415 - Prefect loads only when a server is asked

        return jobs(*arguments, **policies)


sys.modules[__name__].__class__ = _CallableRoom
