"""Many readers behind a proxy, long links, jobs and clean-ups: what each may see and do, over real HTTP."""

import json
import os
import time

import pytest
import requests
from PIL import Image

import jwstpipe
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.errors import UsageError
from jwstpipe.requests import CompositeRequest
from jwstpipe.storage import open_store
from jwstpipe.viewer.kept_views import keep_view, kept_view, short_link, view_named
from jwstpipe.viewer.outlines import outlines_of
from jwstpipe.viewer.server.guard import Access
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.server.proxy import Proxy, checked_prefix
from jwstpipe.viewer.server.serve import serving_viewer
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.state import ViewState, link_of, read_link
from jwstpipe.viewer.viewing import Viewing
from tests.viewer.test_pages import home  # noqa: F401 - the same home
from tests.waiting import LIMIT_SECONDS

ORIGIN = "https://sky.example.org"
PASSWORD = ("jwstpipe", "word")


@pytest.fixture(scope="module")
def group(home):  # noqa: F811
    """A viewer behind a proxy of this machine, at /sky: one image is shared with Ada, one hers, the others public."""
    with open_catalog(home.address) as catalog:
        for record in catalog.find():
            shared = record.product_id == home.images[1]
            catalog.amend(
                record.product_id, **({"shared_with": ("ada",), "is_public": False} if shared else {"is_public": True})
            )
        changes = {"product_id": "ada-own", "is_public": False, "storage_key": "images/ada/own.zarr", "thumbnail": None}
        own = catalog.get(home.images[0]).model_copy(update=changes)
        catalog.as_user("ada").publish(own)
    sources = Sources(library=Library(home.settings))
    access = Access(b"group", "jwstpipe:word", proxy=Proxy.of("X-Remote-User", ["127.0.0.1"], ORIGIN), prefix="/sky")
    with serving_viewer(Viewing(sources), access, port=0, settings=home.settings, write=True) as running:
        yield running


def asking(group, user, path, body=None, **headers):
    """Ask as the proxy passes it on; None = the owner, who came in by the printed address."""
    given = headers if user is None else {"x-remote-user": user, "origin": ORIGIN, **headers}
    address, auth = group.address + path, None if user is None else PASSWORD
    if user is None:
        given = {"authorization": f"Bearer {group.access.session}", **headers}
    if body is None:
        return requests.get(address, headers=given, auth=auth, allow_redirects=False)
    return requests.post(address, json=body, headers=given, auth=auth)


def test_a_user_sees_what_the_catalogue_shows_and_nothing_that_others_opened(group, home):  # noqa: F811
    opened = asking(group, "ada", "api/open", {"images": home.images})
    assert opened.status_code == 200
    look = asking(group, "ada", "api/look", {"images": home.images, "wishes": {}}).json()["id"]
    assert asking(group, "ada", f"api/thumbnail/{home.images[1]}").status_code == 200
    assert asking(group, "ada", "api/library").json()["total"] == 5
    assert asking(group, "bob", "api/library").json()["total"] == 3
    for path in (
        f"tile/{opened.json()['id']}/plain/0/0/0", f"exact/{look}/0/0,0,8,8.png", f"table/{look}/0/k",
        f"api/record/{home.images[1]}", f"api/thumbnail/{home.images[1]}", f"api/values/{opened.json()['id']}/3,3",
        f"api/footprints/{opened.json()['id']}/1",
    ):  # fmt: skip
        assert asking(group, "ada", path).status_code == 200, path
        assert asking(group, "bob", path).status_code == 404, path
    assert asking(group, "bob", "api/open", {"images": home.images}).status_code == 404
    assert asking(group, "bob", "api/open", {"images": home.images[:1]}).status_code == 200
    assert asking(group, None, "api/library").json()["total"] == 5  # the owner
    assert asking(group, "ada", "api/site").json()["user"] == "ada"


def test_a_user_changes_own_records_only(group, home):  # noqa: F811
    change = {"ids": ["ada-own"], "what": "tag", "tag": "mine"}
    assert asking(group, "bob", "api/library/change", change).status_code == 404
    assert asking(group, "ada", "api/library/change", change).status_code == 200
    others = {"ids": [home.images[0]], "what": "delete"}
    assert asking(group, "ada", "api/library/change", others).status_code == 400
    assert asking(group, "ada", "api/orphans").status_code == 400  # work of the site
    wishes = {"products": [home.images[1]]}
    assert asking(group, "bob", "api/jobs/submit", {"kind": "composite", "wishes": wishes}).status_code == 404


def test_a_name_is_believed_from_the_proxy_alone(group):
    def status(**headers):
        return requests.get(f"{group.address}api/library", headers=headers).status_code

    assert status(**{"x-remote-user": "ada"}) == 401  # anybody on this machine can write a header
    assert asking(group, "", "api/library").status_code == 401
    unnamed = requests.get(f"{group.address}api/library", auth=PASSWORD)  # a proxy that let in somebody without a name
    assert unnamed.status_code == 401
    assert asking(group, "ada", "api/library", origin="https://evil.example").status_code == 403
    elsewhere = Proxy.of("x-remote-user", ["10.1.0.0/16"], ORIGIN)
    assert elsewhere.speaks({"client": ("10.1.2.3", 1)}, with_password=False)
    assert not elsewhere.speaks({"client": ("10.2.2.3", 1)}, with_password=True)
    twice = {"headers": [(b"x-remote-user", b"ada"), (b"X-Remote-User", b"bob")]}
    assert elsewhere.user(twice) is None
    for header, addresses, origin in (
        ("a b", ["::1"], ORIGIN),
        ("a", [], ORIGIN),
        ("a", ["x"], ORIGIN),
        ("a", ["::1"], "x"),
    ):
        with pytest.raises(UsageError):
            Proxy.of(header, addresses, origin)


def test_all_addresses_have_the_prefix(group):
    root = group.address.removesuffix("/sky/")
    assert group.address.endswith("/sky/")
    assert requests.get(f"{root}/healthz").status_code == 200
    assert requests.get(f"{root}/api/library", auth=PASSWORD).status_code == 404
    assert requests.get(f"{root}/skyline", auth=PASSWORD).status_code == 404
    moved = requests.get(f"{root}/sky", allow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (308, "/sky/")
    assert "jwstpipe" in requests.get(group.address).text
    assert [checked_prefix(word) for word in ("", "/", "/sky/", "/a/b-c")] == ["", "", "/sky", "/a/b-c"]
    for wrong in ("sky", "/a//b", "/..", "/a b"):
        with pytest.raises(UsageError):
            checked_prefix(wrong)


def test_a_long_link_is_kept_and_a_short_one_leads_to_it(group, home):  # noqa: F811
    state = ViewState(images=tuple(home.images), regions=tuple(f'icrs;circle(1,2,{n}")' for n in range(1, 150)))
    link = link_of(state)
    assert len(link) > 2000
    answer = asking(group, None, "api/views", {"link": f"{group.address}#{link}"}).json()
    name = view_named(f"http://127.0.0.1/#{answer['link']}")
    assert answer["link"] == short_link(name)
    assert asking(group, None, f"api/views/{name}").json()["link"] == link
    assert asking(group, None, "api/views", {"link": link}).json() == answer
    store = open_store(home.settings.store_root)
    assert read_link(kept_view(store, name))[0] == state
    assert keep_view(store, "#v=1&nothing=1&i=a") == keep_view(store, "#v=1&i=a")
    assert view_named(link) is None
    for wrong in ("0" * 20, "../catalog", "x"):
        assert asking(group, None, f"api/views/{wrong}").status_code == 404
    assert asking(group, None, "api/views", {"link": "#v=1&w.sources=/etc/passwd"}).status_code == 400
    assert asking(group, "", "api/views", {"link": link}).status_code == 401


def test_the_command_reads_a_short_link(home, tmp_path, capsys, monkeypatch):  # noqa: F811
    from jwstpipe.cli.main import main

    wishes = CompositeRequest(preset="natural")
    state = ViewState(images=(home.images[0],), wishes=wishes)
    name = keep_view(open_store(home.settings.store_root), link_of(state))
    monkeypatch.setenv("JWSTPIPE_HOME", str(home.settings.home))
    with pytest.raises(SystemExit) as done:
        main(["composite", "--view", f"#{short_link(name)}", "-o", str(tmp_path / "p.png"), "--json"])
    told = capsys.readouterr()
    assert done.value.code == 0, told.err
    address, _ = Library(home.settings).image(home.images[0])
    jwstpipe.composite([address], tmp_path / "own.png", options=wishes)
    pictures = [Image.open(tmp_path / name).tobytes() for name in ("p.png", "own.png")]
    assert pictures[0] == pictures[1]


def test_a_clean_up_is_shown_then_done(home, ask_owner):  # noqa: F811
    store = open_store(home.settings.store_root)
    store.write_bytes("pictures/nobody.png", b"x" * 100)
    old = time.time() - 3 * 86_400
    os.utime(home.settings.home / "store" / "pictures" / "nobody.png", (old, old))
    found = ask_owner("api/orphans")
    (row,) = [row for row in found["rows"] if row["key"] == "pictures/nobody.png"]
    assert (row["kind"], row["action"], row["bytes"]) == ("unknown", "delete", 100)
    assert store.exists("pictures/nobody.png")
    chosen = [[row["kind"], row["key"], row["action"]]]
    done = ask_owner("api/orphans/repair", {"rows": [*chosen, ["unknown", "images/other", "delete"]]})
    assert (done["deleted"], done["bytes_freed"], done["changed"], done["failures"]) == (1, 100, 1, [])
    assert not store.exists("pictures/nobody.png")
    assert ask_owner("api/orphans/repair", {"rows": ["x"]}, 400)["error"]


@pytest.fixture
def ask_owner(group):
    def asked(path, body=None, status=200):
        answer = asking(group, None, path, body)
        assert answer.status_code == status, answer.text
        return answer.json()

    return asked


def test_jobs_are_told_as_events(group):
    session = {"authorization": f"Bearer {group.access.session}"}
    with requests.get(f"{group.address}api/events", headers=session, stream=True, timeout=LIMIT_SECONDS) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines(decode_unicode=True)
        assert next(lines) == "event: jobs"
        told = json.loads(next(lines).removeprefix("data: "))
    assert told["jobs"] == []
    assert "jwstpipe up" in told["note"]


def test_a_page_asks_for_nothing_that_names_files(ask_owner, home):  # noqa: F811
    for kind, wishes in (
        ("mosaic", {"target": "x", "grid": "/etc/passwd"}), ("ingest", {"target": "x", "source": "s3"}),
        ("composite", {"products": home.images, "annotations": "/etc/passwd"}),
        ("composite", {"products": home.images, "preset": "/etc/x.toml"}),
    ):  # fmt: skip
        assert ask_owner("api/jobs/submit", {"kind": kind, "wishes": wishes}, 400)["error"]


def test_the_outline_of_an_image_is_its_edge_on_the_sky(viewing, ids):
    image = viewing.opened(ids[:1]).images.images[0]
    told = outlines_of(image)
    (outline,) = told["outlines"]
    x, y = image.wcs.exact(name="x").to_pixel(*map(list, zip(*outline["outline"], strict=True)))
    rows, columns = image.shape
    assert (x.min(), y.min()) == pytest.approx((-0.5, -0.5), abs=0.6)
    assert (x.max(), y.max()) == pytest.approx((columns - 0.5, rows - 0.5), abs=0.6)
