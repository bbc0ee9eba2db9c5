"""The scripts of the page as files: modules without a build, small, typed by their comments, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "jwstpipe" / "viewer" / "static"
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
MOST_LINES = 400


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_a_small_module_that_is_checked_and_typed(script):
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) < MOST_LINES
    assert text.startswith("// @ts-check\n/**")
    for name in re.findall(r'from "([^"]+)"|import\("([^"]+)"\)', text):
        (used,) = filter(None, name)
        assert (script.parent / used).exists(), used
    for match in re.finditer(r"^export (?:async )?(?:function|class) (\w+)\(?([^)]*)", text, re.MULTILINE):
        before = text[: match.start()].rstrip().splitlines()
        takes_something = "function" in match.group(0) and match.group(2).strip()
        assert not takes_something or before[-1].strip().endswith("*/"), f"{match.group(1)}: no types"
    for word in ("eval(", "innerHTML", "document.write", "new Function", "console."):
        assert word not in text, word


def test_nothing_is_named_that_stands_elsewhere():
    for file in [*SCRIPTS, STATIC / "index.html", STATIC / "style.css", STATIC / "icon.svg"]:
        links = set(re.findall(r"https?://[^\s\"'`)]+", file.read_text(encoding="utf-8")))
        assert links <= {"http://www.w3.org/2000/svg"}, file.name


def test_the_page_has_no_script_of_its_own():
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script[^>]*>([^<]*)", page) == [""]
    assert not re.search(r"\son\w+=", page)


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("block", [0, 1, 2], ids=["light", "dark, chosen", "dark, of the system"])
def test_words_stand_out_from_their_ground_as_wcag_asks(block):
    style = (STATIC / "style.css").read_text(encoding="utf-8")
    found = re.findall(r"\{([^{}]*--paper:[^{}]*)\}", style)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", found[block]))
    pairs = [
        (ink, ground) for ink in ("ink", "soft", "accent", "fault") for ground in ("paper", "sheet", "wash")
    ] + [("accent-ink", "accent")]  # fmt: skip
    for ink, ground in pairs:
        high, low = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, f"{ink} on {ground}"
