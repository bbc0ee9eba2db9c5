"""Images laid on one plane level by level: against the mosaic engine, and against skies known in closed form."""

import numpy as np
import pytest
import scipy
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

import jwstpipe
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.images.levels import level_shape
from jwstpipe.images.open import open_image
from jwstpipe.operations.composite import COMPOSITE
from jwstpipe.operations.inputs.align_inputs import aligned
from jwstpipe.operations.inputs.carried_inputs import input_at
from jwstpipe.operations.inputs.laid.laid_image import LaidImage
from jwstpipe.operations.inputs.laid.lay import lying_together
from jwstpipe.operations.inputs.laid.plane import LaidPlane
from jwstpipe.operations.spec import MakeContext
from jwstpipe.requests import CompositeRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.viewer.exact import exact_window
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.viewing import Viewing
from tests.mosaicking.scenes import header, wave, write

SHAPE = (430, 480)
WORKERS = ThreadWorkers(2)
PERIOD = 16.0


def store(folder, number, *, angle, scale, unit="MJy/sr", data=None, lost=()):
    sky = header(angle=angle, scale=scale, shape=SHAPE)
    values = wave(sky, SHAPE, period=PERIOD) if data is None else data(sky)
    y, x = np.indices(SHAPE)
    for row, column in lost:
        distance = np.hypot(y - row, x - column)
        values = values + 400 / (1 + (distance / 3) ** 2) ** 1.5
        values[distance < 5] = np.nan
    file = write(folder / f"f{number}.fits", values, sky, dq=np.zeros(SHAPE), unit=unit)
    fits.setval(file, "INSTRUME", value="NIRCAM")
    fits.setval(file, "FILTER", value=("F090W", "F200W", "F444W")[number])
    jwstpipe.convert(file, folder / f"f{number}.zarr")
    return str(folder / f"f{number}.zarr")


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Three stores of a known sky on grids of their own, one with lost cores of stars."""
    folder = tmp_path_factory.mktemp("grids")
    return [
        store(folder, 0, angle=0.0, scale=0.1, lost=[(150, 200), (330, 350)]),
        store(folder, 1, angle=31.0, scale=0.1),
        store(folder, 2, angle=-12.0, scale=0.23),
    ]


def laid(addresses, folder=None):
    found = lying_together(addresses, workers=WORKERS)
    images = tuple(open_image(one) for one in addresses)
    plane = LaidPlane(found.grid, found.window, images, lambda: found.sources, folder)
    return [LaidImage(plane, number, S3Settings()) for number in range(len(images))]


def test_full_resolution_is_what_the_mosaic_engine_makes(scene):
    with aligned(scene, workers=WORKERS, laying="whole") as whole:
        for mine, theirs in zip(laid(scene), whole.images, strict=True):
            assert mine.shape == theirs.shape
            for plane in theirs.planes:
                assert np.array_equal(mine.read(plane), theirs.read(plane), equal_nan=True)


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_every_level_shows_the_sky_that_is_there(scene, level):
    """A pixel of a level is the mean over its area of a sky that is known everywhere."""
    image = laid(scene[1:])[0]
    values = image.read("sci", level=level)
    assert values.shape == level_shape(image.shape, level)
    some = slice(None, None, max(1, 5 >> level))  # of full resolution every fifth row and column
    side = 2**level
    fine = np.linspace(-0.5 + 0.5 / 4, 0.5 - 0.5 / 4, 4)
    y, x = (side * (np.arange(n)[some] + 0.5) - 0.5 for n in values.shape)
    truth = np.zeros((y.size, x.size))
    for dy in fine:
        for dx in fine:
            ra, dec = WCS(image.header).all_pix2world(*np.meshgrid(x + dx * side, y + dy * side), 0)
            east, north = (ra - 150.0) * np.cos(np.radians(dec)) * 3600, (dec - 2.0) * 3600
            truth += 10 + np.sin(2 * np.pi * east / PERIOD) * np.cos(2 * np.pi * north / (1.3 * PERIOD))
    seen = scipy.ndimage.binary_erosion(np.isfinite(values), np.ones((3, 3)), 2)  # at its edge the image ends
    assert seen.sum() > 0.7 * SHAPE[0] * SHAPE[1] / 4**level
    # bilinear between means of w = 2^k pixels loses (pi w / period)^2 / 2 of a wave at most, along each axis
    allowed = 0.002 + 0.5 * (1 + 1 / 1.3**2) * (np.pi * 0.1 * side / PERIOD) ** 2
    assert np.abs(values[some, some] - truth / 16)[seen[some, some]].max() < allowed


def test_fluxes_in_pixels_keep_their_sum_at_every_level(tmp_path):
    def blob(sky):
        y, x = np.indices(SHAPE)
        return 50 * np.exp(-0.5 * ((y - 215) ** 2 + (x - 240) ** 2) / 30**2).astype("f4")

    addresses = [
        store(tmp_path, number, angle=20.0 * number, scale=scale, unit="DN/s", data=blob)
        for number, scale in enumerate((0.1, 0.3))
    ]
    for image in laid(addresses):
        for level in range(image.levels):
            total = float(np.nansum(image.read("sci", level=level), dtype="f8")) * 4**level
            assert total == pytest.approx(50 * 2 * np.pi * 30**2, rel=2e-3)


@pytest.mark.parametrize("level", [0, 1])
def test_a_pixel_is_the_same_in_every_window(scene, level):
    images = laid(scene)
    for image in images:
        rows, columns = level_shape(image.shape, level)
        window = Box(rows // 3, columns // 4, rows // 3 + 200, columns // 4 + 233)
        alone = laid(scene)[image.number].read("sci", window, level=level)
        assert np.array_equal(alone, image.read("sci", level=level)[window.slices], equal_nan=True)


def test_a_coarse_view_reads_coarse_levels_alone(tmp_path, monkeypatch):
    """What a view costs does not depend on how large the images are."""
    from jwstpipe.images.zarr.image_store import ImageStore

    sky, read, asked = header(angle=40.0, shape=(1100, 1200)), ImageStore.read, []
    write(tmp_path / "large.fits", np.ones((1100, 1200)), sky)
    jwstpipe.convert(tmp_path / "large.fits", tmp_path / "large.zarr")

    def noted(self, plane="sci", box=None, *, level=0, index=0):
        asked.append(level)
        return read(self, plane, box, level=level, index=index)

    monkeypatch.setattr(ImageStore, "read", noted)
    (image,) = laid([str(tmp_path / "large.zarr")])
    assert np.nanmin(image.read("sci", level=1)) == 1.0
    assert set(asked) == {1}


def test_blocks_that_memory_does_not_hold_come_back_from_the_folder(scene, tmp_path, monkeypatch):
    from jwstpipe.mosaicking.warp import one_image
    from jwstpipe.operations.inputs.laid import plane

    wanted = laid(scene)[0].read("sci")
    monkeypatch.setattr(plane, "KEPT_BYTES", 1)
    image = laid(scene, folder=tmp_path)[0]
    image.read("sci")
    made = {path.name for path in tmp_path.iterdir()}
    monkeypatch.setattr(one_image, "warped", None)
    assert np.array_equal(image.read("sci"), wanted, equal_nan=True)
    assert {path.name for path in tmp_path.iterdir()} == made


def test_a_view_of_images_on_other_grids_is_the_picture_of_them(scene, tmp_path):
    """The renderer's window of a viewer against the file that `composite` writes, pixel by pixel."""
    wishes = {"preset": "natural", "stretch": "asinh", "coverage": "any"}
    sources = Sources()
    for address in scene:
        sources.add(address)
    viewing = Viewing(sources)
    ids = [one.product_id for one in sources.all()]
    colours = dict(zip(ids, ("red", "green", "blue"), strict=True))
    look = viewing.look(ids, {**wishes, "channels": [{"image": one, "colour": name} for one, name in colours.items()]})
    seen = exact_window(look, 0, look.finish.plan.covered)
    options = CompositeRequest(
        **wishes, channels=[f"{one}={name}" for one, name in zip(scene, colours.values(), strict=True)]
    )
    jwstpipe.composite(scene, tmp_path / "all.png", options=options)
    assert np.array_equal(seen, np.asarray(Image.open(tmp_path / "all.png")))


def test_a_picture_of_before_is_made_again_as_it_was(scene, tmp_path):
    """A record that does not know the rules of now keeps its id, and gets the pixels of the rules of then."""
    context = MakeContext(WORKERS, S3Settings())
    inputs = [input_at(address) for address in scene[1:]]
    before = {"preset": "natural", "coverage": "any", "size": 200, "form": "png"}
    recipe = COMPOSITE.request_of(before)
    identity = COMPOSITE.identify(recipe, inputs, context=context)
    assert not {"edition", "enlarge", "orient"} & set(identity.parameters)
    COMPOSITE.make(identity, str(tmp_path / "then.png"), recipe, context=context)
    options = CompositeRequest(preset="natural", coverage="any", size=200)
    made = jwstpipe.composite(scene[1:], tmp_path / "now.png", options=options)
    assert made.product_id != identity.id
    with aligned(scene[1:], workers=WORKERS, laying="whole") as whole:
        jwstpipe.composite([image.address for image in whole.images], tmp_path / "by-hand.png", options=options)
    then, by_hand = (np.asarray(Image.open(tmp_path / name)) for name in ("then.png", "by-hand.png"))
    assert np.array_equal(then, by_hand)


def test_a_size_enlarges_only_when_it_is_asked_to(scene, tmp_path):
    made = jwstpipe.composite(scene[:1], tmp_path / "a.png", size=3000)
    assert (made.height, made.width) == SHAPE
    assert any("--enlarge" in note for note in made.notes)
    large = jwstpipe.composite(scene[:1], tmp_path / "b.png", size=1400, enlarge=True)
    assert (large.height, large.width) == (round(1400 * SHAPE[0] / SHAPE[1]), 1400)
    assert not large.notes
