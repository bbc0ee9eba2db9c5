"""Tone curves, tables, presets and the choice of stretches, against their formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwstpipe.display.presets.load import load_preset, preset_names, recipe_names
from jwstpipe.display.tone.auto import MEDIAN, auto_stretch, rendered_median
from jwstpipe.display.tone.choose import choose_stretches
from jwstpipe.display.tone.curves import apply_curve, parse_curve
from jwstpipe.display.tone.statistics import FRACTIONS, measure_sky
from jwstpipe.display.tone.stretch import Stretch, apply_stretch
from jwstpipe.display.tone.table import look_up, positions, stretch_table
from jwstpipe.errors import UsageError
from jwstpipe.operations.composite import PictureRecipe
from jwstpipe.render.pixels.finish import encode_window
from jwstpipe.requests import CompositeRequest
from tests.as_written import as_written
from tests.render.render_images import starfield

X = np.linspace(0.0, 1.0, 1001)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("linear", np.positive),
        ("s_curve", lambda x: 3 * x**2 - 2 * x**3),
        ("inverse_s", lambda x: 0.5 + np.arcsin(2 * x - 1) / np.pi),
        ("shadows", lambda x: x**0.7),
        ("highlights", lambda x: x**1.3),
    ],
)
def test_named_curve(name, formula):
    assert apply_curve(X, parse_curve(name)) == pytest.approx(formula(X), abs=1e-12)


def test_free_curve_goes_through_its_points_and_never_falls():
    curve = parse_curve("0:0.1,0.2:0.1,0.5:0.8,1:1")
    assert apply_curve(np.array([0.0, 0.2, 0.5, 1.0]), curve) == pytest.approx([0.1, 0.1, 0.8, 1.0])
    assert (np.diff(apply_curve(X, curve)) >= 0).all()


@pytest.mark.parametrize("text", ["wavy", "0:0", "0:0,0:1", "0:1,1:0", "0:0,1:2", "0:0,1"])
def test_bad_curve_is_refused_with_the_way_out(text):
    with pytest.raises(UsageError, match=r"curve"):
        parse_curve(text)


def evaluated(x, table):
    """Look samples up as those of a picture are: as three channels that can be written."""
    light = np.repeat(x[None, None], 3, axis=0)
    encode_window(light, table.copy())
    return light[1, 0]


SOFT = {"asinh": (0.001, 0.02, 0.5), "log": (3.0, 100.0, 1000.0), "power": (0.5, 2.0, 5.0)}

stretches = st.builds(
    lambda kind, a, black, gamma, curve: Stretch(
        kind, 0.0, 1.0, SOFT.get(kind, (None,) * 3)[a], black=black, gamma=gamma, curve=curve
    ),
    st.sampled_from(["asinh", "log", "sqrt", "power", "linear", "zscale"]),
    st.integers(0, 2),
    st.sampled_from([0.0, 0.05, 0.3]),
    st.floats(0.3, 5.0),
    st.sampled_from(["linear", "s_curve", "inverse_s", "shadows", "highlights", ((0.0, 0.0), (0.3, 0.1), (1.0, 1.0))]),
)


@given(stretches)
def test_table_is_monotone_and_follows_the_curve(stretch):
    """Steps of a 16-bit picture are 1.5e-5; a root is steepest where the table is densest."""
    x = np.concatenate([np.linspace(0, 1, 4001), np.logspace(-7, 0, 4001)]).astype(np.float32)
    x.sort()
    shown = evaluated(x, stretch_table(stretch))
    assert (np.diff(shown) >= 0).all()
    away = np.abs(shown - apply_stretch(x, stretch))[x > 2.0**-24]
    assert np.sort(away)[-9:-4].mean() < 3e-4  # but for the two nodes around a kink at the black point
    assert np.median(away) < 1e-6


def test_looks_by_name_and_recipes_by_target():
    wanted = {"auto", "natural", "nasa-press", "high-contrast", "faint-emission", "scientific", "balanced"}
    assert wanted == set(preset_names())
    press = load_preset("NASA Press")
    assert (press.channel.a, press.channel.black, press.channel.curve) == (0.02, 0.02, "s_curve")
    assert press.miri.black == 0.08
    assert load_preset("NGC 3132 NIRCam").colours["F212N"] == "green"
    both = load_preset("ngc 3132").colours
    assert (both["F1800W"], both["F090W"]) == ("red", "blue")
    assert load_preset("ngc-3324-nircam").colours["F470N"] == "yellow"
    assert all(load_preset(name).colours for name in recipe_names())
    with pytest.raises(UsageError, match=r"no preset 'kodachrome'; the looks are auto, .*recipes ngc-3132-nircam"):
        load_preset("kodachrome")


def test_preset_file(tmp_path):
    (tmp_path / "mine.toml").write_text('title = "Mine"\n[channel]\nstretch = "log"\na = 300.0\n')
    assert load_preset(str(tmp_path / "mine.toml")).channel.a == 300.0
    (tmp_path / "bad.toml").write_text('title = "Bad"\n[channel]\ngamma = 9.0\n')
    with pytest.raises(UsageError, match=r"bad\.toml: channel\.gamma: .*less than or equal to 5.*got 9\.0"):
        load_preset(str(tmp_path / "bad.toml"))
    (tmp_path / "worse.toml").write_text("title = ")
    with pytest.raises(UsageError, match=r"worse\.toml: not a TOML file"):
        load_preset(str(tmp_path / "worse.toml"))


def nebula(seed, *, level=30.0, noise=1.0, shape=(256, 256)):
    rng = np.random.default_rng(seed)
    y, x = np.indices(shape) / shape[0]
    light = level * np.exp(2 * np.sin(5 * x + seed) * np.cos(4 * y))
    return (light + noise * rng.standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("miri", [False, True])
def test_auto_stretch_renders_the_median_at_28_percent(seed, miri):
    """Checked on the samples themselves, stretched with the limits, softening and gamma that were chosen."""
    values = nebula(seed, level=10.0 ** (1 + seed % 3))
    stretch, facts = auto_stretch(measure_sky(values, level=0, name="x"), miri=miri)
    plain = Stretch(stretch.kind, stretch.lo, stretch.hi, stretch.a, gamma=stretch.gamma)
    assert np.median(apply_stretch(values, plain)) == pytest.approx(MEDIAN, abs=0.02)
    assert facts.median == pytest.approx(MEDIAN, abs=0.02)
    if miri:
        assert facts.signal_to_noise > 0


def test_automatic_channels_keep_their_median_when_their_sky_is_made_neutral():
    fields = [nebula(seed, level=20.0 * (seed + 1)) for seed in range(3)]
    measured = [measure_sky(field, level=0, name="x") for field in fields]
    chosen = choose_stretches(
        load_preset("auto"), CompositeRequest(preset="auto"), measured, names=list("abc"), miri=[False] * 3
    )
    for one, stretch in zip(measured, chosen.stretches, strict=True):
        assert rendered_median(one, stretch) == pytest.approx(MEDIAN, abs=0.02)


def test_histogram_equalisation_makes_ranks_of_values():
    field = nebula(1)
    measured = measure_sky(field, level=0, name="x")
    look = load_preset("scientific")
    (stretch,) = choose_stretches(
        look, CompositeRequest(stretch="histeq"), [measured], names=["a"], miri=[False]
    ).stretches
    shown = np.sort(apply_stretch(field, stretch).ravel())
    assert np.abs(shown - np.linspace(0, 1, shown.size)).max() < 0.01


def test_quantiles_are_numpys():
    field = starfield()
    measured = measure_sky(field, level=0, name="x")
    assert measured.quantiles == pytest.approx(np.quantile(field.astype(np.float64), FRACTIONS), rel=1e-9)


@pytest.mark.parametrize("preset", ["natural", "nasa-press", "high-contrast", "auto"])
def test_sky_is_of_one_brightness_in_all_channels(preset):
    fields = [starfield(sky=10.0 * n, noise=1.0 + n, colour=1.0 + n) for n in range(3)]
    measured = [measure_sky(field, level=0, name="x") for field in fields]
    chosen = choose_stretches(
        load_preset(preset), CompositeRequest(preset=preset), measured, names=list("abc"), miri=[False, False, True]
    )
    skies = [
        float(apply_stretch(np.array([one.sky], np.float32), stretch)[0])
        for one, stretch in zip(measured, chosen.stretches, strict=True)
    ]
    assert np.ptp(skies) < 0.015


def test_a_stretch_without_range_falls_back_and_says_so():
    field = np.full((100, 100), 5.0, np.float32)
    measured = measure_sky(field, level=0, name="x")
    chosen = choose_stretches(
        load_preset("natural"), CompositeRequest(preset="natural"), [measured], names=["F200W"], miri=[False]
    )
    assert chosen.fallbacks == ("F200W:sqrt->linear: all its pixels have one value",)


def shown(preset, fields):
    """Brightness of the channels of a picture in a preset, (channel, y, x)."""
    measured = [measure_sky(field.astype(np.float32), level=0, name="a.fits") for field in fields]
    made = choose_stretches(
        load_preset(preset), CompositeRequest(), measured, names=FILTERS, miri=[False] * len(fields)
    ).stretches
    return np.array([apply_stretch(field, one) for field, one in zip(fields, made, strict=True)])


def test_a_curve_of_miris_own_does_not_dim_the_other_channels():
    """White points of one scene seen with three gains are in the proportions of these; not so in older pictures."""
    field = starfield(noise=0.5, stars=200)
    faint = np.minimum(field, np.quantile(field, 0.992))  # MIRI sees no bright stars
    fields = [gain * one + sky for one, (gain, sky) in zip((field, field, faint), GAINS, strict=True)]
    measured = [measure_sky(one.astype(np.float32), level=0, name="x") for one in fields]

    def spread(request):
        look = load_preset("nasa-press")
        made = choose_stretches(look, request, measured, names=FILTERS, miri=[False, False, True]).stretches
        whites = [(one.hi - of.sky) / gain for one, of, (gain, _) in zip(made, measured, GAINS, strict=True)]
        return np.ptp(whites) / np.mean(whites)

    assert spread(CompositeRequest()) < 0.05
    assert spread(PictureRecipe(edition=2)) > 0.1


FILTERS = ("F090W", "F200W", "F444W")
GAINS = ((1.0, 0.0), (7.0, 300.0), (0.02, -4.0))


@pytest.mark.parametrize("preset", preset_names())
def test_flat_spectrum_is_neutral_in_every_preset(preset):
    """Channels that differ by gain and sky level only are equally bright in every pixel."""
    field = starfield(noise=0.5, stars=200)
    channels = shown(preset, [gain * field + sky for gain, sky in GAINS])
    assert np.ptp(channels, axis=0).max() < 2e-3


@pytest.mark.parametrize("preset", [name for name in preset_names() if name != "auto"])
def test_a_few_bright_stars_of_one_colour_do_not_tint_the_field(preset):
    """A crowded field of flat spectrum, and in front of it 1 % of pixels that only the first channel sees so bright."""
    crowd = starfield((300, 300), noise=0.5, stars=3000)
    front = np.zeros(crowd.shape)
    front[10:40, 20:50] = 5000.0
    channels = shown(preset, [crowd + front, 3.0 * crowd, 0.5 * crowd])
    middle = np.median(channels[:, front == 0], axis=1)
    assert middle.max() < 1.25 * middle.min()


def test_look_up_of_many_is_that_of_one():
    """In the table, at its nodes, between them, beyond both ends; what is not a number stays none."""
    table = stretch_table(Stretch("asinh", 0.0, 1.0, 0.01))
    x = np.concatenate(
        [np.linspace(-0.1, 1.1, 4001), positions(), np.geomspace(1e-12, 1, 999), [np.inf, -np.inf, np.nan]]
    )
    x = x.astype(np.float32)
    many = evaluated(x, table)
    inside = (x >= 0) & (x < 1)
    one = as_written(look_up)
    each = [one(value, bits, table) for value, bits in zip(x[inside], x[inside].view(np.int32), strict=True)]
    assert np.array_equal(many[inside], each)
    assert (many[x < 0] == table[0]).all()
    assert (many[x >= 1] == table[-1]).all()
    assert np.array_equal(np.isnan(many), np.isnan(x))
