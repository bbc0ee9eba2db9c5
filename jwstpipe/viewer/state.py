"""`ViewState`: all of a view as one frozen value, and as the fragment of an address.

A fragment (what stands behind ``#``) is never sent to a server. Keys can be read; a number is the shortest text that
reads back equal; what is as usual is left out. The page has the same grammar in ``static/link.js``.
"""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, unquote

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from jwstpipe.errors import UsageError
from jwstpipe.requests import ChannelLook, CompositeRequest

__all__ = ["LINK_VERSION", "Compare", "Overlay", "ViewState", "link_of", "read_link", "safe_wishes"]

LINK_VERSION = 1
"""Of the grammar of links; a page or program that knows only older ones says so."""

MOST_LETTERS = 65_536
"""Longest link that is read."""

Compare = Literal["none", "blink", "side", "curtain", "opacity", "difference"]
Overlay = Literal["grid", "compass", "scalebar", "colourbar", "labels", "sources", "footprints"]

_SAFE = "!$'()*,-./:;=?@_~|"
"""Signs that stand for themselves in a fragment and in the values of ours; the page leaves the same ones."""

_PLAIN_PRESET = re.compile(r"[\w .+'()-]{1,80}")
_LISTS = frozenset({"sky_region", "overlays"})
_ON_THE_SERVER = ("sources", "annotations")
"""Wishes that name a file, or hold what would stand in one (more than one line): a link must make nobody read one."""


def safe_wishes(wishes: CompositeRequest) -> CompositeRequest:
    """Refuse wishes that would make whoever opens a link read files of the machine.

    Raises
    ------
    ValueError
        A table, a file of annotations, or a preset that is not one of those by name.
    """
    for name in _ON_THE_SERVER:
        if "\n" not in (getattr(wishes, name) or "\n"):
            raise ValueError(f"{name}: a link names no files; give it to the command instead")
    for name in ("preset", "recipe"):
        word = getattr(wishes, name)
        if word is not None and (not _PLAIN_PRESET.fullmatch(word) or word.lower().endswith(".toml")):
            raise ValueError(f"{name}: {word!r} is not the name of a preset; a link names no files")
    return wishes


Finite = Annotated[float, Field(allow_inf_nan=False)]


class ViewState(BaseModel):
    """What is looked at, from where, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: tuple[str, ...] = Field((), max_length=16, description="product ids, or addresses before they are known")
    at: tuple[Finite, Finite] | None = Field(None, description="RA and Dec of the middle, degrees ICRS")
    pixel: tuple[Finite, Finite] | None = Field(None, description="x and y of the middle, for images without a WCS")
    fov: Finite | None = Field(None, gt=0, description="degrees, or pixels without a WCS, across the shorter side")
    rotation: Finite = Field(0.0, ge=-360, le=360, description="degrees by which the picture is turned clockwise")
    wishes: Annotated[CompositeRequest, AfterValidator(safe_wishes)] = Field(
        CompositeRequest(), description="how the picture looks: what the command `composite` takes"
    )
    overlays: tuple[Overlay, ...] = Field((), description="what is drawn over it")
    regions: tuple[Annotated[str, Field(min_length=1, max_length=10_000)], ...] = Field(
        (), max_length=200, description="regions in the language of DS9"
    )
    compare: Compare = "none"
    against: str | None = Field(None, description="the other image of a comparison")
    share: Finite = Field(0.5, ge=0, le=1, description="place of the curtain, or opacity, or seconds of a blink over 5")
    slice: int = Field(0, ge=0, description="slice of a cube")
    panel: str = Field("", max_length=40, pattern=r"^[a-z]*$", description="what is open beside the picture")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.at is not None and not (0.0 <= self.at[0] < 360.0 and -90.0 <= self.at[1] <= 90.0):
            raise ValueError("at: RA is from 0 to 360 and Dec from -90 to 90 degrees")
        return self


_PAIRS = ("at", "pixel")
_REPEATED = {"i": "images", "r": "regions"}
_WISHES = {f"w.{name}": name for name in CompositeRequest.model_fields if name != "channels"}
_PLAIN = ("at", "pixel", "fov", "rotation", "compare", "against", "share", "slice", "panel")


def link_of(state: ViewState) -> str:
    """Write a view as the fragment of an address, without the ``#``.

    Examples
    --------
    >>> link_of(ViewState(images=("a",), at=(83.8, -5.4), fov=0.1))
    'v=1&i=a&at=83.8,-5.4&fov=0.1'
    """
    parts = [("v", str(LINK_VERSION)), *(("i", image) for image in state.images)]
    for name in _PLAIN:
        value = getattr(state, name)
        if value != type(state).model_fields[name].default:
            parts.append((name, _text(value)))
    given = state.wishes.model_dump(exclude_defaults=True, exclude={"channels"})
    parts += [("w." + name, _text(value)) for name, value in given.items()]
    parts += [("c", look.text()) for look in state.wishes.channels if look != ChannelLook(image=look.image)]
    parts += [("o", ",".join(state.overlays))] if state.overlays else []
    parts += [("r", region) for region in state.regions]
    return "&".join(f"{key}={quote(value, safe=_SAFE)}" for key, value in parts)


def read_link(text: str) -> tuple[ViewState, tuple[str, ...]]:
    """Read a view from a link: a whole address, or its fragment alone.

    Returns
    -------
    ViewState, tuple of str
        And what was in it that is not known here; it is left out.

    Raises
    ------
    UsageError
        Not a link to a view, one of a newer version, or one with a value that cannot be.

    Examples
    --------
    >>> read_link("http://127.0.0.1:5006/#v=1&i=a&fov=0.1")[0].fov
    0.1
    """
    fields: dict[str, Any] = {}
    wishes: dict[str, Any] = {}
    notes = []
    for key, values in _words(text).items():
        if key in _REPEATED:
            fields[_REPEATED[key]] = values
        elif key == "c":
            wishes["channels"] = values
        elif key == "o":
            fields["overlays"] = _listed(values[-1])
        elif key in _PLAIN:
            fields[key] = [_read(one) for one in values[-1].split(",")] if key in _PAIRS else values[-1]
        elif key in _WISHES:
            wishes[_WISHES[key]] = _listed(values[-1]) if _WISHES[key] in _LISTS else values[-1]
        else:
            notes.append(f"the link says {key[:40]}, which is not known here: left out")
    try:
        return ViewState.model_validate({**fields, "wishes": CompositeRequest.model_validate(wishes)}), tuple(notes)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "link"
        raise UsageError(f"link: {where}: {fault['msg'].removeprefix('Value error, ')}") from None


def _words(text: str) -> dict[str, list[str]]:
    """Take a link apart, and look at its version."""
    if len(text) > MOST_LETTERS:
        raise UsageError(f"a link has at most {MOST_LETTERS:,} letters, this one {len(text):,}")
    given: dict[str, list[str]] = {}
    for part in filter(None, text.rpartition("#")[2].split("&")):
        key, _, value = part.partition("=")
        given.setdefault(key, []).append(unquote(value))
    given.pop("token", None)
    version = given.pop("v", ["?"])[-1]
    if not (version.isascii() and version.isdecimal()):
        raise UsageError(f"no link to a view: {text[:80]!r}; it holds #v=1 and more")
    if int(version) > LINK_VERSION:
        raise UsageError(f"this link is of version {version}, and only {LINK_VERSION} is known here; update jwstpipe")
    return given


def _read(word: str) -> float | str:
    """Read a number to its last digit, which pydantic does not for whole ones beyond 2^53; leave what is none."""
    try:
        return float(word)
    except ValueError:
        return word


def _listed(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return ",".join(_text(one) for one in value)
    return repr(value) if isinstance(value, int | float) else str(value)
