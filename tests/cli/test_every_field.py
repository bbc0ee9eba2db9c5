"""Every field of every request: reachable from command line, Python and form, with one help text and one default."""

import inspect
import re
from collections import defaultdict
from typing import Literal, get_args, get_origin

import click
import pytest
import typer

import jwstpipe
from jwstpipe import requests
from jwstpipe.catalog.records.models import ProductKind, ProductStatus
from jwstpipe.cli.request_options import field_value, option_name
from jwstpipe.cli.start.app import app
from jwstpipe.jobs.kinds import KINDS
from jwstpipe.names import Level
from jwstpipe.requests import Request, spelling_of
from jwstpipe.requests.analysis.background import BackgroundRequest
from jwstpipe.requests.analysis.completeness import CompletenessRequest
from jwstpipe.requests.analysis.cubes import CubeMapRequest, CubeSpectrumRequest
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.requests.analysis.filters import FilterRequest
from jwstpipe.requests.analysis.match import AstrometryRequest, MatchRequest
from jwstpipe.requests.analysis.photometry import PhotometryRequest
from jwstpipe.requests.analysis.places import InfoRequest, PixelsRequest
from jwstpipe.requests.analysis.psf_match import MatchPsfRequest
from jwstpipe.requests.analysis.statistics import StatisticsRequest
from jwstpipe.requests.analysis.zero_point import ZeroPointRequest
from jwstpipe.requests.archive.records import RecordConditions
from jwstpipe.requests.archive.transfers import TransfersRequest
from jwstpipe.requests.archive.watch_programs import WatchEntry
from jwstpipe.requests.clean import CleanOptions
from jwstpipe.requests.discovery import DiscoverRequest, FindRequest

DIRECT = {
    requests.SearchRequest: ("search", "search", None),
    DiscoverRequest: ("discover", "discover", "discover"),
    FindRequest: ("find", "find", None),
    requests.IngestRequest: ("ingest", "ingest", "ingest"),
    requests.MosaicOptions: ("mosaic", "mosaic", "mosaic"),
    requests.CompositeRequest: ("composite", "composite", "composite"),
    requests.ConvertOptions: ("convert", "convert", "convert"),
    requests.ThumbnailOptions: ("thumbnail", "thumbnail", "thumbnails"),
    requests.ContactSheetOptions: ("contact-sheet", "contact_sheet", "thumbnails"),
    BackgroundRequest: ("background", "background", None),
    CleanOptions: ("clean", "clean", "clean"),
    CubeMapRequest: ("cube", "cube", "cube"),
    CubeSpectrumRequest: ("cube", "cube_spectrum", "cube_spectrum"),
    DetectRequest: ("detect", "detect", None),
    MatchRequest: ("match", "match", None),
    AstrometryRequest: ("astrometry", "astrometry", None),
    PhotometryRequest: ("photometry", "photometry", None),
    FilterRequest: ("filter", "filter_image", None),
    ZeroPointRequest: ("zero-point", "check_zero_point", None),
    MatchPsfRequest: ("match-psf", "match_psf", None),
    RecordConditions: ("catalog find", "find_records", None),
    StatisticsRequest: ("stats", "statistics", None),
    PixelsRequest: ("pixels", "pixels", None),
    InfoRequest: ("info", "info", None),
    TransfersRequest: ("transfers", None, None),
    requests.ProcessTargetRequest: ("run", None, "process_target"),
    requests.RefreshMetadataRequest: ("refresh-metadata", None, "refresh_metadata"),
}
"""Request, with its command, its verb (None: it is a job, given to `submit`) and its form (None: it makes nothing)."""

NO_FORM = {
    ("ConvertOptions", "planes"): "images of the catalogue hold all planes, so that they export byte for byte",
    ("ThumbnailOptions", "size"): "thumbnails of the catalogue are of one size, by which they are found",
    ("ThumbnailOptions", "stretch"): "as their size",
    ("ContactSheetOptions", "size"): "as their size",
    ("ContactSheetOptions", "stretch"): "as their size",
    ("ContactSheetOptions", "columns"): "as their size",
}

PARTS = {
    requests.ChannelLook: "one word of --channel, one entry of channels",
    WatchEntry: "a section of the watch list",
    CompletenessRequest: "command and verb take of it what is for one image, or for several",
}
"""Requests within a field or a file, and where they are written."""

OTHER_MEANING = {
    "anchor": "of spectra it is one of their bands; of a mosaic an image, or a value",
    "redshift": "of a cube it is known; of a spectrum it may be looked for",
    "continuum": "a map of a line takes it away or not; of a spectrum it is found in one of several ways",
    "lines": "a picture of a cube needs some; a spectrum has all that its wavelengths hold",
    "title": "a picture may have none; of a plot empty = target and instrument",
    "columns": "a catalogue has two sets of names for all; of a table some are chosen",
    "level": "a search may want raw files (1) and several levels; what is made comes from one kind of images",
    "max_files": "a run is smaller than a fetch, a fetch than a conversion of what is here: each has its guard",
    "max_gigabytes": "as max_files",
    "combine": "jobs know whether they have exposures: empty = as fits them; a verb does what it says",
    "background": "as combine",
    "align": "as combine",
    "sky_region": "a picture has pixels before it is made, so that a window of them may stand for the circle too",
    "luminance": "a run names the filter: it makes the image itself",
    "size": "of a thumbnail it has a default, of a picture it is all there is",
    "stretch": "a thumbnail has no preset that could choose it",
    "target": "a run cannot do without",
    "radius": "discovery knows the sizes of targets",
    "sky": "of a mosaic known levels, of info places on the sky",
    "instrument": "records of several instruments may be asked for at once; a run has one, or all",
    "obs_id": "records are read anew for several observations; a search has wildcards instead",
}


def models():
    found, waiting = set(), [Request]
    while waiting:
        children = waiting.pop().__subclasses__()
        waiting += children
        found |= {
            one
            for one in children
            if not one.__name__.startswith("_") and one.__module__.startswith("jwstpipe.requests")
        }
    return sorted(found, key=lambda one: one.__name__)


def command(name):
    found = typer.main.get_command(app)
    for word in name.split():
        found = found.get_command(click.Context(found), word)
    return found


def same(default):
    return list(default) if isinstance(default, tuple) else default


@pytest.mark.parametrize("model", DIRECT, ids=lambda model: model.__name__)
def test_a_field_is_an_option_a_keyword_and_a_field_of_a_form(model):
    words, verb, kind = DIRECT[model]
    parameters = {one.name: one for one in command(words).params}
    keywords = inspect.signature(getattr(jwstpipe, verb)).parameters if verb else {}
    form = KINDS[kind].request.model_json_schema()["properties"] if kind else {}
    for name, field in model.model_fields.items():
        parameter = parameters[name]
        assert field.description in parameter.help, name
        if parameter.param_type_name == "option":
            assert option_name(name, field) in parameter.opts, name
            older = parameters.get(f"{name}_older")
            assert set(spelling_of(field).names[1:]) == set(older.opts if older else ()), name
            assert older is None or older.hidden
        if verb:
            assert keywords[name].default == (inspect.Parameter.empty if field.is_required() else field.default), name
            assert f"\n{name} : " in getattr(jwstpipe, verb).__doc__, name
        if kind and (model.__name__, name) not in NO_FORM:
            assert form[name]["description"] == field.description, name
            if name not in OTHER_MEANING and not field.is_required():
                assert form[name].get("default") == same(field.default), name


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_what_a_form_asks_a_job_can_be_given_in_every_way(kind):
    schema = kind.request.model_json_schema()["properties"]
    assert list(schema) == list(kind.request.model_fields)
    assert all(field.description for field in kind.request.model_fields.values())


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_choice_is_read_from_its_word(model):
    for name, field in model.model_fields.items():
        for part in (field.annotation, *get_args(field.annotation)):
            for choice in get_args(part) if get_origin(part) is Literal else ():
                assert field_value(field, str(choice)) in (choice, (choice,)), name


def test_every_request_is_walked():
    jobs = {kind.request for kind in KINDS.values()}
    parts = {model for model in models() if any(issubclass(other, model) for other in (*DIRECT, *jobs))}
    assert set(models()) - parts == set(PARTS)
    assert set(PARTS) <= set(models())


def test_kinds_and_choices_in_a_help_are_all_there_are():
    fields = RecordConditions.model_fields
    assert fields["kind"].description == ", ".join(get_args(ProductKind))
    assert fields["level"].description == ", ".join(get_args(Level))
    assert set(get_args(ProductStatus)) <= set(re.findall(r"\w+", fields["status"].description))


def test_one_name_has_one_help_and_one_default():
    told, defaults = defaultdict(set), defaultdict(set)
    for model in models():
        for name, field in model.model_fields.items():
            told[name].add(field.description)
            defaults[name].add(repr(field.default))
    differing = {name for name in told if len(told[name]) > 1 or len(defaults[name]) > 1}
    assert differing - set(OTHER_MEANING) == set()


def test_one_option_has_one_meaning_in_all_commands():
    fields = defaultdict(set)
    for model in DIRECT:
        for name, field in model.model_fields.items():
            fields[option_name(name, field)].add(name)
    assert {option: names for option, names in fields.items() if len(names) > 1} == {}
    for option in ("--filter", "--radius", "--combine", "--sky-region", "--scale", "--channel"):
        assert option in fields


def test_every_verb_is_offered_and_a_typo_is_met():
    verbs = {verb for _, verb, _ in DIRECT.values() if verb}
    assert verbs | {"footprints", "plan_mosaic", "export", "lineage", "reproduce", "submit"} <= set(dir(jwstpipe))
    with pytest.raises(AttributeError, match="did you mean 'mosaic'"):
        jwstpipe.mosiac  # noqa: B018
    with pytest.raises(TypeError, match="no keyword 'kernal'; did you mean 'kernel'"):
        jwstpipe.mosaic("a.fits", "m.zarr", kernal="drizzle")
