"""Health check of the image, which has no curl: ends with 0 if an address answers with success."""

import sys
from http import HTTPStatus
from urllib.error import URLError
from urllib.request import urlopen

__all__ = ["main"]

SECONDS = 4.0


def main(address: str) -> int:
    """Ask an address of this container."""
    try:
        with urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 - the address stands in the compose file
            return 0 if answer.status < HTTPStatus.BAD_REQUEST else 1
    except (URLError, OSError, ValueError) as error:
        sys.stderr.write(f"{address}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
