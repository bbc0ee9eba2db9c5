"""One line of the list opens every door: command, verb, job, form, deployment. Tried with an operation of this file."""

import inspect
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import typer
import yaml
from PIL import Image

import jwstpipe
from jwstpipe.api.operations import verb
from jwstpipe.catalog.lineage.carried import carried_provenance
from jwstpipe.catalog.maintenance.reconcile import PRODUCT_FOLDERS
from jwstpipe.cli.main import main
from jwstpipe.cli.start.app import Root, app
from jwstpipe.cli.start.commands import all_entries
from jwstpipe.cli.start.overview import overview
from jwstpipe.deployments.write_prefect_yaml import FILE, written
from jwstpipe.errors import ConflictError, UsageError
from jwstpipe.identity import derived_product_id
from jwstpipe.images.convert import convert
from jwstpipe.images.open import open_image
from jwstpipe.jobs.kinds import KINDS, JobKind
from jwstpipe.operations.inputs.carried_inputs import provenance_for
from jwstpipe.operations.make.asked import job_request, options_of
from jwstpipe.operations.registry import LISTED, REGISTRY, Listed
from jwstpipe.operations.spec import Operation, Receipt, derived_identity
from jwstpipe.render.files.avm import provenance_packet
from jwstpipe.render.files.picture import open_picture
from jwstpipe.requests import PictureRequest, Request, option
from jwstpipe.storage import path_digest, path_size
from tests.operations.conftest import archive_files

LINE = Listed("sign-map", "Where an image is above a value.")


class SignOptions(Request):
    """What is white."""

    above: float = option(0.0, ge=-10, le=10, help="samples above this are white", group="Look")


def _identify(request, inputs, *, context):
    return derived_identity(SIGN_MAP.name, SIGN_MAP.version, request.model_dump(mode="json"), inputs)


def _make(identity, target, request, *, context):
    image, path = open_image(identity.inputs[0].address, s3=context.s3), Path(target)
    packet = provenance_packet(image.shape, provenance_for(SIGN_MAP, identity, [image], target))
    white = np.where(image.read() > request.above, np.uint8(255), np.uint8(0))[::-1]
    with open_picture(path, image.shape, colour=False, packet=packet) as to:
        to.write(white)
    return Receipt(identity.id, image.shape, path_size(path), path_digest(path))


SIGN_MAP = Operation(
    name="sign-map",
    version="1",
    request=SignOptions,
    kind="picture",
    place="pictures/{id}/{name}",
    forms=(".png", ".jpg"),
    identify=_identify,
    make=_make,
    spread=True,
)


@pytest.fixture
def listed(monkeypatch):
    """Add the operation: its module, and its line."""
    module = ModuleType("jwstpipe.operations.sign_map")
    module.SIGN_MAP = SIGN_MAP
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(LISTED, LINE.name, LINE)
    yield
    job_request.cache_clear()
    verb.cache_clear()


@pytest.fixture
def image(tmp_path):
    source = archive_files(tmp_path / "files")[0]
    convert(source, tmp_path / "a.zarr")
    return tmp_path / "a.zarr"


def test_its_verb_has_a_true_signature_and_makes_it(listed, image, tmp_path):
    assert "sign_map" in dir(jwstpipe)
    made = jwstpipe.sign_map(image, tmp_path / "a.png", above=0.5)
    above = inspect.signature(jwstpipe.sign_map).parameters["above"]
    assert (above.default, above.annotation) == (0.0, float)
    assert "above : float, -10 to 10, default 0.0" in jwstpipe.sign_map.__doc__
    with Image.open(tmp_path / "a.png") as opened:
        shown = np.asarray(opened.convert("L"))[::-1] > 0
    assert np.array_equal(shown, open_image(image).read() > 0.5)
    parent = open_image(image).provenance["product_id"]
    assert made.product_id == derived_product_id("sign-map", "1", {"above": 0.5}, [parent])
    assert carried_provenance(tmp_path / "a.png").product_id == made.product_id
    with pytest.raises(ConflictError, match="--overwrite"):
        jwstpipe.sign_map(image, tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"\.png or \.jpg or \.jpeg"):
        jwstpipe.sign_map(image, tmp_path / "a.tif")
    with pytest.raises(UsageError, match="made of one image, not 2"):
        jwstpipe.sign_map([image, image], tmp_path / "b.png")


def test_its_command_has_its_options_and_makes_it(listed, image, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Root, "entries", all_entries())
    group = typer.main.get_command(app)
    shown = {one.name: one for one in group.get_command(None, LINE.name).params}
    assert shown["above"].help == "samples above this are white (at least -10, at most 10; default 0)"
    assert shown["images"].param_type_name == "argument"
    assert f"sign-map          {LINE.summary}" in overview(100)
    with pytest.raises(SystemExit) as end:
        main(["sign-map", str(image), "-o", str(tmp_path / "c.png"), "--above", "0.5", "--json"])
    assert end.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sha256"] == path_digest(tmp_path / "c.png")
    with pytest.raises(SystemExit) as end:
        main(["sign-map", str(image), "-o", str(tmp_path / "d.png"), "--above", "50"])
    assert end.value.code == 2
    assert "--above 50: Input should be less than or equal to 10" in capsys.readouterr().err


def test_its_job_asks_its_options_the_products_and_the_form(listed):
    kind = JobKind(LINE.job_name, LINE.job_request, LINE.summary, LINE.queue, operation=LINE.name)
    fields = kind.request.model_json_schema()["properties"]
    assert fields["above"]["description"] == "samples above this are white"
    assert fields["form"]["enum"] == ["png", "jpg"]
    assert {"products", "target", "filters"} <= set(fields)
    assert kind.module == "jwstpipe.flows.operation"
    asked = kind.request(products=("a.zarr",), above=2, form="jpg")
    assert options_of(SIGN_MAP, asked) == SignOptions(above=2)


def test_every_operation_is_a_job_and_every_form_is_one_of_its_operation():
    assert {kind.operation for kind in KINDS.values() if kind.operation} == set(LISTED)
    for kind in KINDS.values():
        if kind.operation is not None and (form := kind.request.model_json_schema()["properties"].get("form")):
            assert tuple(f".{one}" for one in form["enum"]) == REGISTRY[kind.operation].file_forms
    assert "form" in PictureRequest.model_fields


def test_the_store_is_looked_through_for_the_products_of_every_operation():
    assert {operation.place.split("/")[0] for operation in REGISTRY.values()} | {"mast"} == set(PRODUCT_FOLDERS)


def test_the_deployments_are_those_that_are_written():
    text = FILE.read_text()
    assert written(text) == text, "run python -m jwstpipe.deployments.write_prefect_yaml"
    assert len(yaml.safe_load(text)["deployments"]) == len(KINDS)


def test_the_list_loads_no_operation_until_one_is_asked_for():
    import subprocess

    asked = (
        "import sys, jwstpipe.cli.start.overview as o; o.overview(); assert 'pydantic' not in sys.modules;"
        "import jwstpipe.jobs.kinds; print(sorted({'numba', 'zarr', 'prefect'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
