"""Serve a folder as the archive until stdin ends; prints the address."""

import sys
from pathlib import Path

from jwstpipe.testing.local_archive.archive import serve_archive
from jwstpipe.testing.local_archive.mast import ArchiveRows

files = {path.name: path for path in Path(sys.argv[1]).iterdir()}
with serve_archive(rows=ArchiveRows(files=files), s3=False) as archive:
    print(archive.server, flush=True)
    sys.stdin.read()
