"""The command batch: a row for each product, errors as rows, exit codes."""

import json

from astropy.table import Table

import jwstpipe
from tests.analysis.fields import star_field
from tests.mosaicking.scenes import header, write


def test_one_verb_over_many_images(command, tmp_path):
    home = tmp_path / "home"
    paths = []
    for number in range(2):
        field = star_field(120, seed=number, snr=(50, 500), per_mpx=700, missing=0)
        image = write(tmp_path / f"image{number}.fits", field.image, header(shape=field.image.shape))
        paths.append(tmp_path / f"image{number}.zarr")
        jwstpipe.convert(image, paths[-1])
    code, _, said = command("catalog", "add", *paths, "--home", home)
    assert code == 0, said
    words = ("batch", "detect", "--with", "mesh=32", "--home", home)
    code, told, said = command(*words, "-o", tmp_path / "rows.ecsv", "--json")
    assert code == 0, said
    rows = [json.loads(line) for line in told.splitlines()]
    assert [row["made"] for row in rows] == [True, True]
    table = Table.read(tmp_path / "rows.ecsv")
    assert len(table) == 2
    assert (table["sources"] > 3).all()
    code, told, _ = command(*words, "--json", "--product", "image1.zarr")
    assert code == 0
    again = [json.loads(line) for line in told.splitlines()]
    assert [row["product_id"] for row in again] == [row["product_id"] for row in rows if "image1" in row["input"]]
    assert not again[0]["made"]
    shards = [path for path in paths[0].rglob("*") if path.is_file() and "/0/sci/c/" in path.as_posix()]
    for shard in shards:
        shard.write_bytes(b"damaged")
    assert shards
    code, told, _ = command("batch", "stats", "--home", home, "--json")
    assert code == 4
    errors = {json.loads(line)["input"]: json.loads(line)["error"] for line in told.splitlines()}
    assert [bool(error) for _, error in sorted(errors.items())] == [True, False]
    code, _, said = command(*words, "-o", tmp_path / "rows.ecsv")
    assert code == 7
    assert "--overwrite" in said
    code, told, said = command(
        "batch", "stats", "--home", home, "--query", "width < 200 and file_name ~ 'image1'", "--json"
    )
    assert code == 0, said
    assert [json.loads(line)["input"] for line in told.splitlines()] == ["image1.zarr"]
    for query, status, sentence in (
        ("width > 200", 3, "no such image or mosaic"),
        ("widht > 200", 2, "did you mean width"),
        ("width >", 2, "was expected"),
        ("exposure_time > 1", 3, "no such image or mosaic"),
    ):
        code, _, said = command("batch", "stats", "--home", home, "--query", query)
        assert (code, sentence in said) == (status, True), said
    code, _, said = command("batch", "stats", "--home", home, "--max-files", "1")
    assert code == 2
    assert "raise --max-files" in said
    code, _, said = command("batch", "stats", "--home", home, "--product", "image7.zarr")
    assert code == 3
    assert "image7.zarr: no such image" in said
    assert command("batch", "frobnicate", "--home", home)[0] == 2
    assert command(*words, "--filter", "F090W")[0] == 3
