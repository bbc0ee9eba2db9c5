"""Set up a fresh stack, once or again: bucket, catalogue, work pool with its queues, deployments, automations.

    python -m jwstpipe.deployments.setup [--silent-seconds N]

from the project's root, with PREFECT_API_URL and the settings of the site in the environment.
"""

import argparse
import contextlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import ClientError
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.deployments.automations import SILENT_SECONDS, set_up
from jwstpipe.errors import JwstPipeError
from jwstpipe.jobs.renamed import POOLED, take_over
from jwstpipe.settings import Settings, load_settings
from jwstpipe.storage import is_remote

__all__ = ["main"]

POOL = "jwstpipe"
QUEUES = {"interactive": 10, "bulk": 20}
"""Priority of each queue of the pool; lower numbers come first."""

DEPLOYMENTS = Path(__file__).parent / "prefect.yaml"


def main(words: Sequence[str] | None = None) -> int:
    """Run as a command."""
    parser = argparse.ArgumentParser(description="Set up a fresh stack.")
    parser.add_argument("--silent-seconds", type=int, default=SILENT_SECONDS, help="silence that means a dead process")
    given = parser.parse_args(words)
    try:
        settings = load_settings()
        bucket(settings)
        with open_catalog(settings.catalog_address) as catalog:
            catalog.ensure_indexes()
    except JwstPipeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    with get_client(sync_client=True) as client:
        pool(client)
        set_up(client, silent_seconds=given.silent_seconds)
        if code := deploy():
            return code
        for flow in take_over(client, POOLED):
            sys.stdout.write(f"{flow}/{POOLED} is {flow}/{flow} now, with its schedules\n")
    return 0


def bucket(settings: Settings) -> None:
    """Make the bucket of an S3 store, if it is not there."""
    if not is_remote(settings.store_root):
        return
    import boto3  # noqa: PLC0415 - local stores need none

    name = settings.store_root.removeprefix("s3://").partition("/")[0]
    client = boto3.client("s3", endpoint_url=settings.s3.endpoint, region_name=settings.s3.region)
    try:
        client.head_bucket(Bucket=name)
    except ClientError:
        client.create_bucket(Bucket=name)


def pool(client: SyncPrefectClient) -> None:
    """Make the work pool and its queues, if they are not there."""
    with contextlib.suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process", description="Flows of jwstpipe"))
    standing = {queue.name: queue for queue in client.read_work_queues(work_pool_name=POOL)}
    for name, priority in QUEUES.items():
        if name in standing:
            client.update_work_queue(standing[name].id, priority=priority)
        else:
            client.create_work_queue(name=name, work_pool_name=POOL, priority=priority)


def deploy() -> int:
    """Register all deployments of prefect.yaml."""
    words = ["--no-prompt", "deploy", "--all", "--prefect-file", str(DEPLOYMENTS)]
    done = subprocess.run([sys.executable, "-m", "prefect", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
