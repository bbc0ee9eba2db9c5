"""Make the certificates with which the parts of a Dask cluster know each other (mutual TLS).

    python -m jwstpipe.deployments.certificates FOLDER [--host NAME]... [--days 825] [--renew]

writes an authority and one certificate for each role into FOLDER (see `jwstpipe.execution.certificates`). Hand the keys
out as secrets; to add a member, or before they run out, make all anew with --renew.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from jwstpipe.execution.certificates import make_certificates

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> int:
    """Run as a command."""
    parser = argparse.ArgumentParser(description="Make the certificates of a Dask cluster.")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--host", action="append", default=[], metavar="NAME", help="name or address of a machine")
    parser.add_argument("--days", type=int, default=825, help="how long they are good for (default 825)")
    parser.add_argument("--renew", action="store_true", help="replace those that are there")
    given = parser.parse_args(words)
    try:
        written = make_certificates(given.folder, hosts=given.host, days=given.days, renew=given.renew)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"{path}\n" for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
