"""The pages of a home with products: what they tell is what the library says, and they change nothing unasked."""

import json

import pytest
import requests
from selenium.webdriver.common.keys import Keys

import jwstpipe
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.discovery.targets.table import featured
from jwstpipe.errors import TargetNotFoundError
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.operations.registry import REGISTRY
from jwstpipe.requests import MosaicRequest, PictureRequest
from jwstpipe.settings import ArchiveSettings, Settings
from jwstpipe.viewer.opening import images_meant
from jwstpipe.viewer.outlines import outlines_of
from jwstpipe.viewer.server.discoveries import place_named
from jwstpipe.viewer.server.guard import Access
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.server.page_jobs import with_drawn
from jwstpipe.viewer.server.serve import serving_viewer
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.state import ViewState, link_of
from jwstpipe.viewer.viewing import Viewing
from tests.operations.conftest import Site
from tests.viewer.page import Page

PASSWORD = ("jwstpipe", "word")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with two files of the archive, converted, and a small picture of one."""
    root = tmp_path_factory.mktemp("home")
    site = Site(root)
    site.archive = site.fill()
    with site.opened() as catalog:
        parents = [catalog.get(identity) for identity in site.archive]
        convert = REGISTRY["convert"]
        orders = [Order(convert.request(), (parent,), f"{parent.file_name}.zarr") for parent in parents]
        site.images = [made.record.product_id for made in make_products(site.run(catalog), convert, orders)]
    site.settings = Settings(home=root)
    assert (site.settings.catalog_address, site.settings.store_root) == (site.address, str(root / "store"))
    return site


@pytest.fixture(scope="module")
def door(home):
    sources = Sources(library=Library(home.settings))
    with serving_viewer(
        Viewing(sources), Access(b"pages", "jwstpipe:word"), port=0, settings=home.settings, write=True
    ) as running:
        yield running


@pytest.fixture(scope="module")
def ask(door):
    with requests.Session() as session:
        session.auth = PASSWORD

        def asking(path, body=None, status=200):
            address = door.address + path
            answer = session.get(address) if body is None else session.post(address, json=body)
            assert answer.status_code == status, answer.text
            return answer.json()

        yield asking


def test_the_library_shows_what_the_catalogue_holds(home, ask):
    with open_catalog(home.address) as catalog:
        total = catalog.count()
        of_one = catalog.count(RecordQuery(filter=("F200W",)))
    assert ask("api/library")["total"] == total == 4
    narrowed = ask("api/library?filter=F200W&sort=oldest")
    assert narrowed["total"] == of_one == len(narrowed["cards"])
    assert {card["filter"] for card in narrowed["cards"]} == {"F200W"}
    assert ask("api/library?kind=image")["total"] == 2
    assert ask("api/library?kind=nothing", status=400)["error"]
    assert ask("api/library?page=x", status=400)["error"]


def test_a_record_tells_its_lineage_both_ways(home, ask):
    told = ask(f"api/record/{home.images[0]}")
    assert [parent["id"] for parent in told["parents"]] == [home.archive[0]]
    assert told["stale"] == []
    assert [child["id"] for child in ask(f"api/record/{home.archive[0]}")["children"]] == [home.images[0]]
    assert ask("api/record/nothing", status=404)["error"]


def test_images_of_the_library_are_opened_by_their_ids(home, ask):
    opened = ask("api/open", {"images": home.images})
    assert [channel["id"] for channel in opened["channels"]] == home.images
    assert images_meant(home.images[0], Library(home.settings)) == [home.images[0]]


def test_a_mosaic_is_planned_as_the_command_plans_it(home, ask):
    told = ask("api/mosaic/plan", {"images": home.images, "wishes": {"kernel": "bilinear", "mix": True}})
    assert (told["inputs"], told["groups"], len(told["outlines"])) == (2, 1, 2)
    assert told["width"] >= 72
    assert ask("api/mosaic/plan", {"images": home.images, "wishes": {"kernel": "x"}}, status=400)["error"]
    assert ask("api/mosaic/plan", {"images": [], "wishes": {}}, status=400)["error"]
    apart = ask("api/mosaic/plan", {"images": home.images, "wishes": {}})  # as the job: one a filter, on one grid
    assert apart["filters"] == {"NIRCAM F090W": 1, "NIRCAM F200W": 1}
    plans = [jwstpipe.plan_mosaic([Library(home.settings).image(one)[0]]) for one in home.images]
    assert apart["tiles"] == sum(len(plan.tiles) for plan in plans)
    assert (apart["inputs"], len(apart["outlines"])) == (2, 2)


def test_images_to_choose_from_are_listed_once(home, ask):
    listed = ask("api/library/images?target=wave")["cards"]
    assert [card["id"] for card in listed] == home.images  # and not the files that they were made of
    assert ask("api/library/images?target=nobody")["cards"] == []
    assert len(ask("api/library/images")["cards"]) == 2


def test_what_can_be_made_is_what_the_command_finds(home, ask):
    assert {one["name"] for one in ask("api/discover")} == {one.name for one in featured()}
    address, _ = Library(home.settings).image(home.images[0])
    place = dict(
        zip(("ra", "dec"), outlines_of(jwstpipe.open_image(address))["outlines"][0]["outline"][0], strict=True)
    )
    told = ask("api/discover", {"wishes": {**place, "offline": True}})
    found = jwstpipe.discover(**place, offline=True, settings=home.settings)
    assert [one["name"] for one in told] == [one.name for one in found]
    assert [one["command"] for one in told] == [one.command for one in found]
    for wishes in ({}, {"target": "x", "preset": "/etc/x.toml"}, {"ra": 1.0}, []):
        assert ask("api/discover", {"wishes": wishes}, status=400)["error"]
    made = {"wishes": {**place, "offline": True}, "command": "nothing of this kind"}
    assert ask("api/discover/make", made, status=404)["error"]


def test_what_fits_some_words_is_what_the_command_finds(home, ask):
    told = ask("api/find", {"wishes": {"words": "F200W nircam, not miri"}})
    found = jwstpipe.find("F200W nircam, not miri", settings=home.settings)
    assert [one["id"] for one in told["hits"]] == [one.product_id for one in found]
    assert told["hits"][0]["filter"] == "F200W"
    assert told["hits"][0]["why"] == list(found[0].why)
    assert {"label": "filter F200W", "negated": False} in told["understood"]
    assert {"label": "instrument MIRI", "negated": True} in told["understood"]
    fewer = ask("api/find", {"wishes": {"words": "F200W nircam", "without": ["filter F200W"]}})
    assert [one["label"] for one in fewer["refused"]] == ["filter F200W"]
    assert len(fewer["hits"]) > len([one for one in told["hits"] if one["filter"] == "F200W"])
    assert ask("api/find", {"wishes": {"words": "qqqqqqqq"}})["hits"] == []
    for wishes in (
        {},
        {"words": "x", "limit": 10_000},
        {"words": "x", "encoder": "os:system"},
        [],
        {"words": "x" * 501},
    ):
        assert ask("api/find", {"wishes": wishes}, status=400)["error"]


def test_without_prefect_jobs_say_how_to_have_it(ask):
    told = ask("api/jobs")
    assert told["jobs"] == []
    assert "jwstpipe up" in told["note"]
    assert ask("api/jobs/submit", {"kind": "mosaic", "wishes": {"target": "Wave"}}, status=503)["error"]
    assert ask("api/jobs/submit", {"kind": "delete_everything", "wishes": {}}, status=400)["error"]


def test_the_status_names_parts_and_limits(ask):
    told = ask("api/status")
    assert {part["name"]: part["well"] for part in told["parts"]} == {
        "catalogue": True,
        "store": True,
        "Prefect": False,
    }
    assert told["stored"]["kind"]["image"][0] == 2
    assert told["limits"]["images of a view"] == 16
    assert told["runs"]["recent"] == told["runs"]["queues"] == []
    assert "jwstpipe up" in told["runs"]["note"]


def test_a_tag_and_a_plan_of_a_deletion_change_what_they_say(home, ask):
    told = ask("api/library/change", {"ids": [home.archive[1]], "what": "plan"})
    assert (told["records"], told["dependents"]) == (1, 1)
    ask("api/library/change", {"ids": home.images, "what": "tag", "tag": "seen"})
    ask("api/library/change", {"ids": [home.images[0]], "what": "archive"})
    with open_catalog(home.address) as catalog:
        records = catalog.get_many(home.images)
        assert all("seen" in record.tags for record in records.values())
        assert records[home.images[0]].is_archived
        assert catalog.count() == 4
    assert ask("api/library/change", {"ids": home.images, "what": "burn"}, status=400)["error"]


def test_a_viewer_that_only_looks_changes_nothing(home):
    with serving_viewer(
        Viewing(Sources(library=Library(home.settings))), Access(b"x", "jwstpipe:word"), port=0, settings=home.settings
    ) as running:
        for path, body in (
            ("api/library/change", {"ids": home.images, "what": "delete"}),
            ("api/jobs/submit", {"kind": "mosaic", "wishes": {"target": "Wave"}}),
            ("api/jobs/abc/cancel", {}),
        ):
            answer = requests.post(running.address + path, json=body, auth=PASSWORD)
            assert answer.status_code == 400
            assert "--write" in answer.json()["error"]
    with open_catalog(home.address) as catalog:
        assert catalog.count() == 4


def test_a_home_without_a_catalogue_says_what_to_do_and_makes_none(tmp_path):
    settings = Settings(home=tmp_path)
    with serving_viewer(Viewing(Sources()), Access(b"x", "jwstpipe:word"), port=0, settings=settings) as running:
        answer = requests.get(f"{running.address}api/library", auth=PASSWORD)
        assert answer.status_code == 404
        assert "jwstpipe demo" in answer.json()["error"]
    assert list(tmp_path.iterdir()) == []


def test_pages_open_in_the_browser_and_lead_to_the_picture(browser, door, home):
    page = Page(browser, door)
    page.enter("v=1&panel=library")
    page.until("document.querySelectorAll('.product').length === 4")
    page.run("document.querySelector('.product .title').click()")
    page.until("document.getElementById('dialog').open")
    page.run("document.getElementById('dialog').close()")
    for name in ("status", "jobs", "search", "mosaic", "discover"):
        page.run(f"document.querySelector('[data-page={name}]').click()")
        page.until(
            "document.querySelector('#page h1') && !document.querySelector('#page').textContent.includes('loading')"
        )
    find_by_words(page)
    page.run("document.querySelector('[data-page=library]').click()")
    page.until("document.querySelectorAll('.product').length === 4")
    page.run(
        "for (const tick of document.querySelectorAll('.product input')) tick.click();"
        "[...document.querySelectorAll('.bulk .main')][0].click()"
    )
    page.until("window.viewer && window.viewer.settled > 0")
    assert page.run("return viewer.model.facts.channels.length") == 4
    page.run("viewer.pixel.tap(viewer.stage.view.width / 2, viewer.stage.view.height / 2)")
    page.until("viewer.pixel.facts")


def sent(page, path):
    """Give what the page sent to a path since this was asked before."""
    messages = [json.loads(entry["message"])["message"] for entry in page.browser.get_log("performance")]
    asked = [one["params"]["request"] for one in messages if one["method"] == "Network.requestWillBeSent"]
    return [json.loads(one["postData"]) for one in asked if one["url"].endswith(path) and "postData" in one]


def test_the_mosaic_page_asks_for_the_images_that_were_chosen(browser, door, home):
    page = Page(browser, door)
    page.enter("v=1&panel=mosaic")
    page.until("document.querySelectorAll('.choices fieldset').length === 2")
    page.run("document.querySelectorAll('.choices legend input')[1].click()")
    page.until("document.querySelector('#page .facts') && !document.querySelector('#page .main:last-of-type').disabled")
    sent(page, "submit")
    page.run("[...document.querySelectorAll('#page .main')].at(-1).click()")
    page.until("document.querySelector('.toast')")
    assert sent(page, "submit") == [{"kind": "mosaic", "wishes": {"products": [home.images[1]], "level": 2}}]
    assert MosaicRequest.model_validate({"products": [home.images[1]], "level": 2}).products == (home.images[1],)
    assert "jwstpipe up" in page.run("return document.querySelector('.toast').textContent")  # no server is here
    assert "no Prefect server answers" in status_words(page)
    assert [address for address in page.asked() if address.endswith("api/open")] == []


def status_words(page):
    page.run("document.querySelector('[data-page=status]').click()")
    page.until("document.querySelector('#page h1')?.textContent === 'Status'")
    return page.run("return document.querySelector('#page').textContent")


def test_the_export_dialog_asks_for_what_is_drawn(browser, door, home):
    page = Page(browser, door)
    page.open(
        link_of(ViewState(images=(home.images[0],), regions=('icrs;circle(83.8,-5.4,1")',), overlays=("compass",)))
    )
    browser.switch_to.active_element.send_keys("s")
    page.until("document.getElementById('dialog').open")
    marks = "document.querySelector('#dialog [aria-label=\"drawn on it\"]')"
    assert page.run(f"return {marks}.value") == "drawn"
    assert " --drawn " in page.run("return document.querySelector('#dialog pre').textContent")
    sent(page, "submit")
    page.run("document.querySelector('#dialog section .main').click()")
    page.until("document.querySelector('#dialog section .hint')?.textContent.includes('jwstpipe up')")
    ((asked),) = sent(page, "submit")
    assert asked["kind"] == "composite"
    drawn = asked["wishes"].pop("drawn")
    assert drawn == {"overlays": ["compass"], "regions": ['icrs;circle(83.8,-5.4,1")'], "positions": []}
    request = PictureRequest.model_validate(with_drawn({**asked["wishes"], "drawn": drawn}))
    assert request.products == (home.images[0],)
    assert request.overlays == ("compass",)
    assert "[[circle]]" in request.annotations
    page.run(f"{marks}.value = 'none'; {marks}.dispatchEvent(new Event('change'))")
    assert "--drawn" not in page.run("return document.querySelector('#dialog pre').textContent")
    page.run("document.querySelector('#dialog section .main').click()")
    page.until("document.querySelector('#dialog section .hint')?.textContent.includes('jwstpipe up')")
    assert "drawn" not in sent(page, "submit")[-1]["wishes"]
    page.run("document.getElementById('dialog').close()")


def find_by_words(page):
    """Type words, take a chip out with the keyboard, and put it back."""
    page.run("document.querySelector('[data-page=find]').click()")
    page.until("document.querySelectorAll('#page .empty button').length > 3")
    assert page.run("return document.activeElement.getAttribute('aria-label')") == "words"
    page.browser.switch_to.active_element.send_keys("f200w nircam", Keys.ENTER)
    page.until("document.querySelectorAll('.chip').length === 2 && document.querySelectorAll('.product').length")
    assert page.run("return document.querySelector('.product .why').textContent") == "instrument NIRCam; filter F200W"
    chip = page.run("return document.querySelector('.chip')")
    name = chip.get_attribute("aria-label")
    assert name.startswith("take out ")
    chip.send_keys(Keys.ENTER)
    page.until("document.querySelectorAll('.chip.out').length === 1")
    out = page.run("return document.querySelector('.chip.out')")
    assert out.get_attribute("aria-label") == name.replace("take out", "put back")
    out.send_keys(Keys.SPACE)
    page.until("document.querySelectorAll('.chip.out').length === 0")
    page.run(
        "const words = document.querySelector('#page input'); words.value = 'qqqqqqqq'; words.form.requestSubmit()"
    )
    page.until("document.querySelector('#page .empty')?.textContent.includes('Nothing here fits')")


def test_the_picture_goes_to_a_name(browser, door, home, ask):
    told = ask("api/place?name=orion%20nebula")
    assert (told["ra"], told["dec"]) == pytest.approx((83.822, -5.391), abs=0.05)  # M 42 by SIMBAD
    assert told["title"] in ask("api/place?name=M42")["title"]
    assert "position" in ask("api/place?name=%20", status=400)["error"]
    with pytest.raises(TargetNotFoundError, match="'Nowhere 1' is not known"):
        place_named("Nowhere 1", ArchiveSettings(offline=True))
    page = Page(browser, door)
    page.open(link_of(ViewState(images=(home.images[0],))))
    field = "document.querySelector('.goto')"
    sky = page.run("return viewer.model.plane.toSky(viewer.stage.view.columns / 2, viewer.stage.view.rows / 2)")
    for words in ("orion nebula", "10.5 41.2"):
        page.run(f"{field}.value = arguments[0]; {field}.dispatchEvent(new Event('change'))", words)
        page.until("document.querySelector('.toast')?.textContent.includes('not on these images')")
        page.run("document.querySelector('.toast').remove()")
    page.run(f"{field}.value = arguments[0]; {field}.dispatchEvent(new Event('change'))", f"{sky[0]} {sky[1]}")
    page.until("Math.abs(viewer.model.state.at?.[1] - arguments[0]) < 1e-3", sky[1])
