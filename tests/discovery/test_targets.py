"""The table of targets, and names without a network."""

import re
import tomllib
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwstpipe.archive.search.response_cache import Answers
from jwstpipe.discovery.targets.normal_form import nearest, normal_form
from jwstpipe.discovery.targets.resolve import resolve_place
from jwstpipe.discovery.targets.table import featured, known_target, known_targets, target_at
from jwstpipe.errors import TargetNotFoundError
from jwstpipe.settings import ArchiveSettings
from jwstpipe.sky.regions import separation_deg
from tests.letters import LETTERS

OFFLINE = ArchiveSettings(offline=True)


def ongc_position(name):
    """Look a catalogue name up in PyOngc: right ascension and declination, degrees, or None."""
    ongc = pytest.importorskip("pyongc.ongc")
    spelt = re.sub(r"^(NGC|IC|M|HCG) (?=\d)", r"\1", name)
    spelt = re.sub(r"^Barnard (\d+)$", lambda found: f"B{int(found[1]):03d}", spelt)
    if not re.fullmatch(r"(NGC|IC|M|B|HCG)\d+", spelt):
        return None
    radians = ongc.get(spelt).rad_coords
    return np.degrees(radians[0]) % 360.0, np.degrees(radians[1])


def test_the_table_has_positions_of_an_independent_catalogue():
    checked = 0
    for target in known_targets():
        place = None if target.moves else ongc_position(target.name)
        if place is not None:
            checked += 1
            assert separation_deg(*place, target.ra, target.dec) * 60.0 < 1.0, target.name
    assert checked > 60


def test_aliases_of_the_table_lie_where_the_independent_catalogue_has_them():
    for target in known_targets():
        for name in target.also if not target.moves else ():
            place = ongc_position(name)
            assert place is None or separation_deg(*place, target.ra, target.dec) * 60.0 < 2.0, name


def test_no_two_targets_share_a_name_and_no_name_stands_twice():
    forms = [normal_form(name) for target in known_targets() for name in target.names]
    assert sorted(forms) == sorted(set(forms))
    assert len(known_targets()) >= 150
    assert all(form for form in forms)


def test_the_twelve_featured_targets_answer_to_each_of_their_names():
    assert len(featured()) == 12
    for target in featured():
        for name in target.names:
            for spelt in (name, name.upper(), name.lower(), name.replace(" ", "-"), name.replace(" ", "")):
                assert known_target(spelt) == target, spelt


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Messier 16", "M 16"),
        ("m-016", "M 16"),
        ("NGC0628", "NGC 628"),
        ("Stephans Quintet", "HCG 92"),
        ("Carina", None),
        ("the Tarantula nebula", "NGC 2070"),
        ("B033", "Barnard 33"),
        ("ACO 2744", "Abell 2744"),
        ("A2744", "Abell 2744"),
        ("Phantom Galaxy", "NGC 628"),
        ("Hickson Compact Group 92", "HCG 92"),
    ],
)
def test_spellings(name, expected):
    found = known_target(name)
    if expected is None:
        assert found is None
    else:
        assert found.name == expected


@given(st.text(LETTERS, max_size=40))
def test_the_normal_form_of_a_normal_form_is_itself(text):
    assert normal_form(normal_form(text)) == normal_form(text)


def test_a_position_belongs_to_the_target_whose_imaging_holds_it():
    assert target_at(151.76, -40.44).name == "NGC 3132"
    assert target_at(151.76, -41.44) is None
    assert target_at(0.45, -15.46).name == "WLM"


def test_a_name_is_resolved_by_the_table_then_by_what_is_kept_then_by_the_installed_catalogue(tmp_path):
    answers = Answers(tmp_path, offline=True)
    assert resolve_place("Southern Ring", settings=OFFLINE, answers=answers).resolver == "local"
    assert resolve_place("10:07:01.8 -40:26:11", settings=OFFLINE, answers=answers).resolver == "position"
    question = {
        "server": OFFLINE.server, "service": "Mast.Name.Lookup", "params": {"input": "V838 Mon", "format": "json"},
    }  # fmt: skip
    coordinate = {"canonicalName": "V838 Mon", "ra": 106.0, "decl": -3.85, "resolver": "SIMBAD"}
    answers.keep(question, {"resolvedCoordinate": [coordinate]})
    kept = resolve_place("V838 Mon", settings=OFFLINE, answers=answers)
    assert (kept.ra, kept.dec) == (106.0, -3.85)
    assert kept.resolver == "SIMBAD (kept 0 days ago)"


@pytest.mark.exhaustive("test_a_name_is_resolved_by_the_table_then_by_what_is_kept_then_by_the_installed_catalogue")
def test_all_messier_objects_are_found_and_those_that_the_table_lacks_come_from_the_installed_catalogue():
    ongc = pytest.importorskip("pyongc.ongc")
    for number in range(1, 111):
        place = resolve_place(f"Messier {number}", settings=OFFLINE)
        radians = ongc.get(f"M{number}").rad_coords
        assert separation_deg(place.ra, place.dec, *np.degrees(radians)) * 60.0 < 5.0, number


def test_an_unknown_name_is_refused_with_who_was_asked_and_the_nearest_spellings():
    with pytest.raises(TargetNotFoundError, match=r"the table of targets, .*nearest names here are Cartwheel"):
        resolve_place("Cartweel", settings=OFFLINE)
    assert nearest("Tarantla Nebula", ["Tarantula Nebula", "Crab Nebula"], most=1) == ("Tarantula Nebula",)


def test_the_file_says_only_what_the_model_knows():
    text = files("jwstpipe.discovery.targets").joinpath("targets.toml").read_text(encoding="utf-8")
    assert set(tomllib.loads(text)) == {"featured", "targets"}
    assert all(target.says.endswith(".") for target in known_targets())
