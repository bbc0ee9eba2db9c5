"""Make the secrets of docker-compose.yml: passwords, keys and certificates, once.

    python -m jwstpipe.deployments.make_secrets FOLDER

Files in it can be read by everybody, because the users inside the containers are others than yours; the folder can be
entered by its owner only. Keep it out of every repository and backup that others read.
"""

import json
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from jwstpipe.execution.certificates import make_certificates

__all__ = ["main", "make_secrets"]

HOSTS = ("dask-scheduler", "dask-worker")


def make_secrets(folder: Path) -> list[Path]:
    """Write all secrets into a new folder.

    Raises
    ------
    FileExistsError
        The folder is there already: new passwords would not fit the databases that were made with the old ones.
    """
    folder.mkdir(parents=True, mode=0o700)
    access, secret = secrets.token_hex(10), secrets.token_urlsafe(30)
    contents = {
        "postgres_admin_password": secrets.token_urlsafe(30),
        "postgres_password": secrets.token_urlsafe(30),
        "prefect_auth": f"jwstpipe:{secrets.token_urlsafe(30)}",
        "mongo_admin_password": secrets.token_urlsafe(30),
        "mongo_flows_password": secrets.token_urlsafe(30),
        "mongo_key": secrets.token_hex(256),
        "s3_access_key": access,
        "s3_secret_key": secret,
        "s3_config.json": _s3_config(access, secret),
    }
    written = []
    for name, content in contents.items():
        path = folder / name
        path.write_text(content, encoding="utf-8")
        written.append(path)
    written += make_certificates(folder / "dask", hosts=HOSTS)
    for path in written:
        os.chmod(path, 0o444)  # noqa: PTH101
    return written


def _s3_config(access: str, secret: str) -> str:
    identity = {
        "name": "jwstpipe",
        "credentials": [{"accessKey": access, "secretKey": secret}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    return json.dumps({"identities": [identity]}, indent=1)


def main(words: Sequence[str] | None = None) -> int:
    """Run as a command."""
    given = list(sys.argv[1:] if words is None else words)
    if len(given) != 1 or given[0].startswith("-"):
        sys.stderr.write("usage: python -m jwstpipe.deployments.make_secrets FOLDER\n")
        return 2
    try:
        written = make_secrets(Path(given[0]))
    except FileExistsError:
        sys.stderr.write(f"{given[0]}: there are secrets here already; the databases were made with them\n")
        return 1
    sys.stdout.write("".join(f"{path}\n" for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
