"""Entry point of the image: puts secrets that are files where programs look for them, and becomes the command.

A variable ``NAME__FILE`` names a file. Its content becomes ``NAME``, or takes the place of ``{secret}`` in the value
that ``NAME`` has already (an address with a password in it). Prefect and the AWS libraries know no such files by
themselves.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

__all__ = ["main", "with_secrets"]

SUFFIX = "__FILE"
WAY_OUT = "python -m jwstpipe.deployments.make_secrets makes it"


def with_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the environment with the contents of secret files in it.

    Raises
    ------
    ValueError
        A file is missing or empty; the message names variable and file, never a content.
    """
    found = {name: value for name, value in environment.items() if not name.endswith(SUFFIX)}
    for variable, file in environment.items():
        if not variable.endswith(SUFFIX):
            continue
        name = variable.removesuffix(SUFFIX)
        try:
            secret = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(
                f"{variable}={file}: {error.strerror}; python -m jwstpipe.deployments.make_secrets makes it"
            ) from None
        if not secret:
            raise ValueError(
                f"{variable}={file}: the file is empty; python -m jwstpipe.deployments.make_secrets makes it"
            )
        address = found.get(name, "")
        found[name] = address.replace("{secret}", quote(secret, safe="")) if "{secret}" in address else secret
    return found


def main() -> None:
    """Become the command that stands in the arguments."""
    command = sys.argv[1:]
    if not command:
        sys.exit("no command given")
    try:
        environment = with_secrets(os.environ)
    except ValueError as error:
        sys.exit(str(error))
    os.execvpe(command[0], command, environment)  # noqa: S606 - that is what an entry point is for


if __name__ == "__main__":
    main()
