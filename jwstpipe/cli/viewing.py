"""The command `view`: look at images in a browser."""

import signal
import threading
import webbrowser
from typing import Annotated

import typer

from jwstpipe.cli.arguments import Json
from jwstpipe.cli.context import settings_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.start import completing

__all__ = ["view"]


def view(
    context: typer.Context,
    images: Annotated[list[str] | None, typer.Argument(metavar="IMAGE...", autocompletion=completing.images)] = None,
    *,
    at: Annotated[str | None, typer.Option(metavar="RA,DEC", help="middle of the view: degrees or sexagesimal")] = None,
    fov: Annotated[float | None, typer.Option(metavar="DEG", help="degrees across the shorter side")] = None,
    catalogue: Annotated[
        list[str] | None,
        typer.Option("--sources", metavar="TABLE", help="catalogue with columns ra and dec, shown too"),
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="print the link to this view, without the server, and end")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="pages may submit jobs, tag, archive and delete")] = False,
    port: Annotated[int, typer.Option(help="port on 127.0.0.1; a free one where it is taken, or for 0")] = 5006,
    bind: Annotated[str, typer.Option(hidden=True, help="address to listen on, inside a container")] = "127.0.0.1",
    prefix: Annotated[str, typer.Option(metavar="/PATH", help="before all addresses, behind a proxy")] = "",
    user_header: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="header in which a proxy names the user, who sees what the catalogue shows"),
    ] = None,
    proxy: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="address or network of the proxy; no other is believed")
    ] = None,
    origin: Annotated[
        str, typer.Option(metavar="URL", help="origin of the proxy's pages, as https://sky.example.org")
    ] = "",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page in a browser")] = False,
    as_json: Json = False,
) -> None:
    """Look at images in a browser: any number of filters, any size, live; Ctrl-C ends it.

    Examples: jwstpipe view f090w.zarr f200w.zarr f444w.zarr; jwstpipe view mosaic.zarr --at 83.82d,-5.39d --fov 0.02
    """
    from jwstpipe.viewer.opening import images_meant, opening_view
    from jwstpipe.viewer.server.library import Library
    from jwstpipe.viewer.server.proxy import Proxy, checked_prefix
    from jwstpipe.viewer.server.serve import viewer_for
    from jwstpipe.viewer.source_table import open_table
    from jwstpipe.viewer.sources import Sources
    from jwstpipe.viewer.state import link_of

    named = None if user_header is None else Proxy.of(user_header, proxy or (), origin)
    before = checked_prefix(prefix)
    settings = settings_of(context)
    library = Library(settings)
    sources = Sources(s3=settings.s3, library=library)
    words = [one for word in images or [] for one in images_meant(word, library)]
    state = opening_view([sources.add(word).product_id for word in words], at=at, fov=fov)
    if link:
        data(link_of(state))
        return
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    tables = tuple(open_table(table) for table in catalogue or ())
    with viewer_for(
        settings, sources, port=port, bind=bind, tables=tables, write=write, proxy=named, prefix=before
    ) as running:
        entrance = running.entrance(link_of(state))
        if as_json:
            json_data({"address": running.address, "entrance": entrance, "port": running.port})
        else:
            data(f"open once: {entrance}")
            remark("Ctrl-C ends the viewer")
        if browser:
            webbrowser.open(entrance)
        stop.wait()
    remark("stopped")
