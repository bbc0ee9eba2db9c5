"""The verb `view`: a viewer beside this process, and its page in a frame of a notebook."""

import atexit
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Self

from jwstpipe.settings import Settings, load_settings
from jwstpipe.viewer.opening import opening_view
from jwstpipe.viewer.server.serve import RunningViewer, viewer_for
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.state import link_of

__all__ = ["OpenView", "view"]

MOST_HEIGHT = 4000


@dataclass(frozen=True, eq=False)
class OpenView:
    """A viewer that runs until `close`, or until this process ends. In a notebook it shows itself."""

    running: RunningViewer
    link: str
    """The view that it opens with, as the fragment of an address."""

    height: int
    _stack: ExitStack

    @property
    def address(self) -> str:
        """Address that lets the browsers of this machine in: for the owner's eyes only."""
        return self.running.entrance(self.link)

    def close(self) -> None:
        """Stop the server."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<viewer at {self.running.address}>"

    def _repr_html_(self) -> str:
        style = f"width:100%;height:{self.height}px;border:0;border-radius:8px"
        return (
            f'<iframe src="{escape(self.address)}" title="jwstpipe viewer" style="{style}" allow="fullscreen"></iframe>'
        )


def view(
    images: str | Path | Sequence[str | Path],
    *,
    at: str | None = None,
    fov: float | None = None,
    height: int = 640,
    port: int = 0,
    settings: Settings | None = None,
) -> OpenView:
    """Look at images in a browser, or in the cell of a notebook that runs on this machine.

    Parameters
    ----------
    images : path or sequence of paths
        FITS files or image stores, local or ``s3://``.
    at : str, optional
        Middle of the view: ``RA,DEC`` as ``83.82d,-5.39d`` or sexagesimal, or ``X,Y`` in pixels.
    fov : float, optional
        Degrees across the shorter side.
    height : int, default 640
        Of the frame, pixels.
    port : int, default 0
        On 127.0.0.1; 0 = any free one.
    settings : Settings, optional
        Of the home; default: as commands read them.

    Returns
    -------
    OpenView
        Its ``address`` opens in a browser; ``close()`` ends it.

    Raises
    ------
    JwstPipeError
        An image that cannot be read, or a place that is none.

    Examples
    --------
    >>> jwstpipe.view(["f090w.zarr", "f200w.zarr", "f444w.zarr"])  # doctest: +SKIP
    """
    chosen = settings or load_settings()
    sources = Sources(s3=chosen.s3)
    listed = [images] if isinstance(images, str | Path) else list(images)
    state = opening_view([sources.add(image).product_id for image in listed], at=at, fov=fov)
    with ExitStack() as stack:
        running = stack.enter_context(viewer_for(chosen, sources, port=port, embedded=True))
        kept = stack.pop_all()
    atexit.register(kept.close)
    return OpenView(running, link_of(state), min(max(height, 120), MOST_HEIGHT), kept)
