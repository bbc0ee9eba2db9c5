"""Links: what is written reads back equal, and nothing in one makes a machine read its files."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwstpipe.errors import UsageError
from jwstpipe.requests import ChannelLook, CompositeRequest
from jwstpipe.viewer.opening import opening_view
from jwstpipe.viewer.state import ViewState, link_of, read_link

numbers = st.floats(allow_nan=False, allow_infinity=False)
words = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_é%&=#*+ ,", min_size=1, max_size=24).filter(str.strip)


def within(low, high):
    return st.floats(low, high, allow_nan=False)


@st.composite
def looks(draw):
    names = draw(st.lists(st.text("abcdef0123456789-", min_size=1, max_size=20), unique=True, max_size=4))
    made = []
    for name in names:
        wishes = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "colour": st.sampled_from(["orange", "#3fa01c", "210"]),
                    "weight": within(0, 2),
                    "visible": st.just(False),
                    "stretch": st.sampled_from(["asinh", "log", "histeq"]),
                    "softening": st.floats(1e-6, 1e4),
                    "low": numbers,
                    "high_percent": within(0, 100),
                    "gamma": st.floats(0.05, 5),
                    "curve": st.sampled_from(["s_curve", "0:0,0.3:0.2,1:1"]),
                },
            )
        )
        if wishes:
            made.append(ChannelLook(image=name, **wishes))
    return tuple(made)


@st.composite
def wishes(draw):
    return CompositeRequest(
        channels=draw(looks()),
        **draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "preset": st.sampled_from(["natural", "NGC 3132", "nasa-press"]),
                    "saturation": within(0, 2),
                    "hue": within(-30, 30),
                    "luminance": st.text("abcdef0123456789", min_size=1, max_size=20),
                    "luminance_share": within(0, 1),
                    "neutralise": st.booleans(),
                    "feather": within(0, 0.5),
                    "sky_region": st.tuples(within(0, 359), within(-89, 89), within(0.001, 1)),
                    "crop": st.just((1, 2, 30, 40)),
                    "title": words.map(str.strip).filter(bool),
                },
            )
        ),
    )


@st.composite
def states(draw):
    return ViewState(
        images=tuple(draw(st.lists(words, max_size=4))),
        at=draw(st.none() | st.tuples(st.floats(0, 359.999999), within(-90, 90))),
        pixel=draw(st.none() | st.tuples(numbers, numbers)),
        fov=draw(st.none() | st.floats(1e-9, 1e6)),
        rotation=draw(within(-360, 360)),
        wishes=draw(wishes()),
        overlays=tuple(draw(st.lists(st.sampled_from(["grid", "compass", "sources"]), unique=True))),
        regions=tuple(draw(st.lists(words, max_size=3))),
        compare=draw(st.sampled_from(["none", "blink", "curtain"])),
        against=draw(st.none() | words),
        share=draw(within(0, 1)),
        slice=draw(st.integers(0, 10**6)),
        panel=draw(st.sampled_from(["", "picture"])),
    )


@settings(max_examples=100)
@given(states())
def test_a_view_is_what_its_link_says(state):
    link = link_of(state)
    assert read_link(link) == (state, ())
    assert read_link(f"http://127.0.0.1:5006/#{link}") == (state, ())
    assert link_of(read_link(link)[0]) == link


def test_what_is_as_usual_is_left_out():
    assert link_of(ViewState(images=("a",))) == "v=1&i=a"


def test_a_whole_number_is_read_to_its_last_digit():
    assert read_link("#v=1&pixel=-54702558772324984,4")[0].pixel == (-5.4702558772324984e16, 4.0)


def test_an_unknown_word_is_told_and_a_newer_version_refused():
    state, notes = read_link("#v=1&i=a&zz=3&w.nothing=1")
    assert state == ViewState(images=("a",))
    assert [note.split()[3].rstrip(",") for note in notes] == ["zz", "w.nothing"]
    with pytest.raises(UsageError, match="version 2, and only 1 is known"):
        read_link("#v=2&i=a")
    with pytest.raises(UsageError, match="no link to a view"):
        read_link("http://127.0.0.1:5006/")


def test_a_token_is_never_part_of_a_view():
    assert read_link("#token=abc&v=1&i=a") == (ViewState(images=("a",)), ())


@pytest.mark.parametrize(
    "word",
    ["w.preset=/etc/passwd.toml", "w.preset=x.toml", "w.preset=..%2Fx", "w.sources=/etc/passwd", "w.annotations=a.toml",
     "w.recipe=a%0Ab"],
)  # fmt: skip
def test_a_link_names_no_files(word):
    with pytest.raises(UsageError, match=r"a link names no files|is not the name of a preset"):
        read_link(f"#v=1&i=a&{word}")


@pytest.mark.parametrize("word", ["at=400,0", "at=1", "fov=nan", "fov=-1", "fov=inf", "rotation=1e9", "panel=A", "c=x"])
def test_values_that_cannot_be_are_refused(word):
    with pytest.raises(UsageError, match="link: "):
        read_link(f"#v=1&{word}")


def test_a_view_opens_where_it_was_asked_for():
    state = opening_view(["a"], at="10:00:00,-30:00:00", fov=0.1)
    assert state.at == pytest.approx((150.0, -30.0), abs=1e-12)
    assert state.fov == 0.1
    assert opening_view(["a"], at="3,4").pixel == (3.0, 4.0)
    with pytest.raises(UsageError, match="needs --at"):
        opening_view(["a"], fov=1.0)
