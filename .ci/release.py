"""Build sdist and wheel, check them, and try them in empty environments, with and without extras.

    python .ci/release.py [--out build/release] [--url ADDRESS] [--demo]

ADDRESS is where the files of the released tree are found (for links and pictures of the index page). Tools and
packages come from the package index that pip or uv is set up with. What was done, how long imports take and what they
load is written to OUT/report.md. Nothing is uploaded.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from email import message_from_bytes
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

IMPORTS = ("jwstpipe", "jwstpipe.cli.main", "jwstpipe.api.mosaics", "jwstpipe.render", "jwstpipe.viewer.server.app")
"""Modules whose import is timed."""

SERVER = ("prefect", "distributed", "fastapi", "sqlalchemy", "httpx", "moto", "flask")
"""Packages of extras: an environment without extras has none of them."""

PROBE = """
import json, sys, time
started, cpu = time.perf_counter(), time.process_time()
import importlib
importlib.import_module({module!r})
print(json.dumps([time.perf_counter() - started, time.process_time() - cpu, len(sys.modules),
                  sorted({{name.partition(".")[0] for name in sys.modules}} & set({server!r}))]))
"""

TRY = """
import sys, numpy as np
from astropy.io import fits
from astropy.nddata import CCDData
import jwstpipe
for name, offset in (("a", 0.0), ("b", 0.001)):
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0 + offset, "CRVAL2": 5.0,
        "CRPIX1": 50.5, "CRPIX2": 50.5, "CDELT1": -3e-5, "CDELT2": 3e-5, "BUNIT": "MJy/sr", "FILTER": "F200W"})
    data = np.random.default_rng(1).normal(1.0, 0.1, (100, 100)).astype("f4")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(data, header, "SCI")]).writeto(f"{name}.fits")
jwstpipe.mosaic(["a.fits", "b.fits"], "m.fits", background="level")
jwstpipe.composite(["m.fits"], "p.png")
image = CCDData.read("m.fits")
assert image.unit == "MJy / sr" and np.isfinite(image.data).any() and image.wcs.has_celestial
assert jwstpipe.statistics("m.fits")
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Build and try a release.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--url", default="", help="where the files of the released tree are found")
    parser.add_argument("--demo", action="store_true", help="run the demo in the environment with the extras, too")
    given = parser.parse_args()
    shutil.rmtree(given.out, ignore_errors=True)
    given.out.mkdir(parents=True)
    lines = ["# Release check", ""]
    version = versions()
    lines.append(f"- version {version}: the same in the package, CITATION.cff and CHANGELOG.md")
    tools = environment(given.out / "tools", "hatchling>=1.27", "twine")
    sdist, wheel = built(tools, given.out / "dist", given.url)
    lines.append(
        f"- {sdist.name} {sdist.stat().st_size / 1e6:.1f} MB, {wheel.name} {wheel.stat().st_size / 1e6:.1f} MB"
    )
    run(tools, "-m", "twine", "check", "--strict", sdist, wheel)
    lines.append("- twine check --strict: passed; the description renders")
    lines += described(wheel, version, with_pictures=bool(given.url))
    lines.append(same_from_sdist(tools, sdist, wheel, given.out))
    for name, packages in {
        "the wheel, no extras": (str(wheel),),
        "the sdist, no extras": (str(sdist),),
        "the wheel with server, plot, names, hips": (f"{wheel}[server,plot,names,hips]",),
    }.items():
        lines += tried(given.out, name, packages, demo=given.demo and "server" in name)
    (given.out / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return 0


def versions() -> str:
    """Find the version, and make sure that every file says the same."""
    found = re.search(r'__version__ = "([^"]+)"', (ROOT / "jwstpipe" / "__init__.py").read_text(encoding="utf-8"))
    assert found, "jwstpipe/__init__.py names no version"
    for file, text in (("CITATION.cff", f"version: {found[1]}"), ("CHANGELOG.md", f"## {found[1]}")):
        assert text in (ROOT / file).read_text(encoding="utf-8"), f"{file} does not say {text!r}"
    return found[1]


def environment(folder: Path, *packages: str) -> Path:
    """Make an empty environment, and install into it; give its interpreter."""
    python = folder / "bin" / "python"
    uv = shutil.which("uv")
    if uv:
        command(uv, "venv", "--quiet", "--python", sys.executable, folder)
        command(uv, "pip", "install", "--quiet", "--python", python, *packages)
    else:
        command(sys.executable, "-m", "venv", folder)
        command(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return python


def built(python: Path, folder: Path, url: str) -> tuple[Path, Path]:
    outside = {**os.environ, "JWSTPIPE_PROJECT_URL": url}
    command(python, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", folder, cwd=ROOT, env=outside)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def described(wheel: Path, version: str, *, with_pictures: bool) -> list[str]:
    """Read the metadata as an index does."""
    with zipfile.ZipFile(wheel) as opened:
        (name,) = [name for name in opened.namelist() if name.endswith(".dist-info/METADATA")]
        found = message_from_bytes(opened.read(name))
    text = str(found.get_payload())
    relative = re.findall(r"\]\((?!https?:|#)[^)]*\)", text)
    assert found["Version"] == version, found["Version"]
    assert found["Description-Content-Type"] == "text/markdown", found["Description-Content-Type"]
    assert not relative, f"links that lead nowhere on an index page: {relative}"
    assert bool(re.search(r"!\[", text)) == with_pictures, "pictures"
    shown = "pictures by whole addresses" if with_pictures else "no pictures, for no --url was given"
    return [f"- metadata: {len(found.get_all('Classifier', []))} classifiers, {len(text):,} letters of text, {shown}"]


def same_from_sdist(python: Path, sdist: Path, wheel: Path, out: Path) -> str:
    """Build the wheel once more from the sdist, and compare their files."""
    with tarfile.open(sdist) as opened:
        opened.extraction_filter = getattr(tarfile, "data_filter", None)
        opened.extractall(out / "unpacked")
    (project,) = (out / "unpacked").iterdir()
    command(python, "-m", "hatchling", "build", "-t", "wheel", "-d", out / "again", cwd=project)
    (again,) = (out / "again").glob("*.whl")
    one, other = (members(path) for path in (wheel, again))
    assert one == other, sorted(set(one.items()) ^ set(other.items()))[:10]
    return f"- the wheel built from the sdist has the same {len(one):,} files"


def members(wheel: Path) -> dict[str, int]:
    with zipfile.ZipFile(wheel) as opened:
        return {entry.filename: entry.CRC for entry in opened.infolist() if ".dist-info/" not in entry.filename}


def tried(out: Path, name: str, packages: tuple[str, ...], *, demo: bool) -> list[str]:
    """Install into an empty environment, import, and do the first things that a user does."""
    folder = out / re.sub(r"\W+", "-", name)
    started = time.perf_counter()
    python = environment(folder, *packages)
    lines = ["", f"## {name}", "", f"installed in {time.perf_counter() - started:.0f} s"]
    work = folder / "work"
    work.mkdir()
    extras = "server" in name
    lines += ["", "| import | s | processor s | modules | of the server |", "|---|---|---|---|---|"]
    for module in IMPORTS:
        code = PROBE.format(module=module, server=SERVER)
        run(python, "-c", code, cwd=work)  # compiles the bytecode
        seconds, cpu, count, server = json.loads(run(python, "-c", code, cwd=work).stdout)
        assert not server, f"{module} loads {server}"
        lines.append(f"| `{module}` | {seconds:.2f} | {cpu:.2f} | {count} | none |")
    present = run(python, "-c", f"from importlib.util import find_spec; print([n for n in {SERVER} if find_spec(n)])")
    assert extras or present.stdout.strip() == "[]", present.stdout
    jwstpipe = python.parent / "jwstpipe"
    version = command(jwstpipe, "--version", cwd=work).stdout.strip()
    command(jwstpipe, "mosaic", "--help", cwd=work)
    started = time.perf_counter()
    run(python, "-c", TRY, cwd=work)
    lines += ["", f"{version}; mosaic, picture, statistics, `CCDData.read`: {time.perf_counter() - started:.0f} s"]
    if not extras:
        refused = subprocess.run([jwstpipe, "up"], cwd=work, capture_output=True, text=True, check=False)
        assert refused.returncode == 2, refused.stderr
        assert "jwstpipe[server]" in refused.stderr, refused.stderr
        lines.append(f"`jwstpipe up`: {refused.stderr.strip()}")
    if demo:
        started = time.perf_counter()
        command(jwstpipe, "demo", "--size", "tiny", "--out", work / "demo", cwd=work)
        lines.append(f"`jwstpipe demo --size tiny`: {time.perf_counter() - started:.0f} s")
    return lines


def run(python: Path, *words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return command(python, *words, cwd=cwd)


def command(
    *words: object, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command away from this checkout; what it says is shown where it fails."""
    outside = {name: value for name, value in (env or os.environ).items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=outside, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words[:4]))} ...: code {done.returncode}\n{done.stdout}{done.stderr}")
    return done


if __name__ == "__main__":
    sys.exit(main())
