"""The demo, as a user starts it: a real process that makes everything and says where it is."""

import json
import subprocess

import numpy as np
from PIL import Image

from jwstpipe import open_image
from tests.end_to_end.running import JWSTPIPE


def test_the_demo_goes_the_whole_way_and_says_where_everything_is(tmp_path):
    command = [*JWSTPIPE, "demo", "--out", "made", "--size", "tiny", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert [product["kind"] for product in report["products"]] == ["mosaic", "mosaic", "picture"]
    assert {"simulate", "search", "transfer", "convert", "composite"} <= set(report["seconds"])
    assert report["dashboard"].startswith("http://127.0.0.1:")
    for product in report["products"][:-1]:
        assert np.isfinite(open_image(product["where"]).read()).any()
    with Image.open(tmp_path / "made" / "composite.png") as opened:
        pixels = np.asarray(opened.convert("RGB")).astype(float)
    assert pixels.std() > 20
    assert list(tmp_path.rglob("*.partial")) == []
