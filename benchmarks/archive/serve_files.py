"""Serve a folder as the archive until stdin ends; prints the address."""

import sys
from pathlib import Path

from jwstpipe.simulate.archive import serve_archive
from jwstpipe.simulate.mast import ArchiveRows

files = {path.name: path for path in Path(sys.argv[1]).iterdir()}
with serve_archive(rows=ArchiveRows(files=files), s3=False) as archive:
    print(archive.server, flush=True)
    sys.stdin.read()
