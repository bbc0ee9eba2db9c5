"""A person behind a real proxy that names its users, in a real browser: from the library to a picture of one's own."""

import shutil
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import requests
from PIL import Image

import jwstpipe
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.viewer.server.guard import Access
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.server.proxy import Proxy
from jwstpipe.viewer.server.serve import serving_viewer
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.state import ViewState, link_of, read_link
from jwstpipe.viewer.viewing import Viewing
from tests.viewer.page import Page
from tests.viewer.test_page import seen_part
from tests.viewer.test_pages import home  # noqa: F401 - the same home
from tests.waiting import LIMIT_SECONDS

PASSWORD = ("jwstpipe", "word")


class Front(BaseHTTPRequestHandler):
    """Passes everything on, under the name of who sits at this door, as nginx before a group's viewer does."""

    protocol_version = "HTTP/1.0"

    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        given = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        given["X-Remote-User"] = self.server.user
        address = self.server.behind + self.path
        body = self.rfile.read(length) if length else None
        with requests.request(
            self.command, address, data=body, headers=given, auth=PASSWORD, stream=True, timeout=LIMIT_SECONDS,
            allow_redirects=False,
        ) as answer:  # fmt: skip
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in ("transfer-encoding", "connection", "server", "date"):
                    self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # the page went elsewhere meanwhile
                while part := answer.raw.read1(65536):
                    self.wfile.write(part)

    def do_POST(self):
        self.do_GET()

    def log_message(self, *words):
        pass


@contextmanager
def door_of(user):
    """Open a door at which one user sits; where it leads to is set later."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Front) as server:
        server.daemon_threads = True
        server.user, server.behind = user, ""
        server.origin = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class PageOfUser(Page):
    """The page as a proxy gives it: nothing but the address is needed to come in."""

    def __init__(self, browser, door):
        super().__init__(browser, None)
        self.address = f"{door.origin}/sky/"

    def enter(self, fragment):
        self.browser.get("about:blank")
        self.browser.get(f"{self.address}#{fragment}")


@contextmanager
def seen_by(user, home):  # noqa: F811
    """A viewer of a home behind the door of one user."""
    with door_of(user) as door:
        access = Access(
            b"group", "jwstpipe:word", proxy=Proxy.of("X-Remote-User", ["127.0.0.1"], door.origin), prefix="/sky"
        )
        sources = Sources(library=Library(home.settings))
        with serving_viewer(Viewing(sources), access, port=0, settings=home.settings, write=True) as running:
            door.behind = running.address.removesuffix("/sky/")
            yield door


@pytest.fixture(scope="module")
def shared(home):  # noqa: F811
    """One image for everybody, one for Ada, and a record of her own."""
    with open_catalog(home.address) as catalog:
        for record in catalog.find():
            for_ada = record.product_id == home.images[1]
            catalog.amend(
                record.product_id, **({"shared_with": ("ada",), "is_public": False} if for_ada else {"is_public": True})
            )
        mine = {
            "product_id": "ada-own",
            "file_name": "of_ada.zarr",
            "is_public": False,
            "storage_key": "images/own.zarr",
        }
        other = catalog.get(home.images[0])
        shutil.copytree(
            home.settings.home / "store" / other.storage_key, home.settings.home / "store" / "images" / "own.zarr"
        )
        catalog.as_user("ada").publish(other.model_copy(update=mine))
    return home


def the_library_has(page, count):
    page.enter("v=1&panel=library")
    page.until(f"document.querySelectorAll('.product').length === {count}")


def test_a_user_goes_from_the_library_to_a_picture_through_the_proxy(browser, shared, tmp_path):
    with seen_by("ada", shared) as door:
        page = PageOfUser(browser, door)
        the_library_has(page, 5)
        page.run(
            "document.querySelector('[aria-label=\"choose of_ada.zarr\"]').click();"
            "const tag = document.querySelector('[aria-label=\"tag to add\"]'); tag.value = 'mine';"
            "[...document.querySelectorAll('.bulk .quiet')].find((one) => one.textContent === 'Tag').click()"
        )
        page.until("[...document.querySelectorAll('.badge.tag')].some((one) => one.textContent === 'mine')")
        page.open(link_of(ViewState(images=tuple(shared.images))))
        page.settle("viewer.stage.view.scale = 1; viewer.stage.moved(); viewer.model.wish({preset: 'natural'})")
        state, notes = read_link(page.run("viewer.model.writeLink(); return location.href"))
        assert (state.images, state.wishes.preset, notes) == (tuple(shared.images), "natural", ())
        files = [Library(shared.settings).image(one)[0] for one in shared.images]
        request = state.wishes.model_copy(update={"size": None})
        jwstpipe.composite(files, tmp_path / "picture.png", options=request)
        picture = np.asarray(Image.open(tmp_path / "picture.png")).astype(int)
        part, place = seen_part(page, picture)
        assert part.size > 10_000
        assert np.abs(page.pixels(exact=True)[place] - part).max() == 0
        assert page.complaints() == []
        assert all(address.startswith((door.origin, "blob:")) for address in page.asked())
    with open_catalog(shared.address) as catalog:
        assert "mine" in catalog.get("ada-own").tags


def test_another_user_meets_neither_her_products_nor_her_view(browser, shared):
    with seen_by("bob", shared) as door:
        page = PageOfUser(browser, door)
        the_library_has(page, 3)
        page.enter(link_of(ViewState(images=tuple(shared.images))))
        page.until("document.body.textContent.includes(arguments[0])", shared.images[1])
        assert page.run("return window.viewer?.settled ?? 0") == 0
