"""Write the deployments of prefect.yaml, one for each kind of job: what stands above them is kept.

python -m jwstpipe.deployments.write_prefect_yaml
"""

import json
from collections.abc import Iterator
from pathlib import Path

from jwstpipe import __version__
from jwstpipe.jobs.kinds import KINDS, JobKind

__all__ = ["main", "written"]

FILE = Path(__file__).parent / "prefect.yaml"
HEADING = "deployments:\n"


def written(text: str) -> str:
    """Give the text of prefect.yaml with a deployment of each kind of job."""
    head, _, _ = text.partition(f"\n{HEADING}")
    return f"{head}\n{HEADING}" + "\n".join("".join(f"{line}\n" for line in _lines(kind)) for kind in KINDS.values())


def _lines(kind: JobKind) -> Iterator[str]:
    yield f"  - name: {kind.flow_name}"
    yield f"    entrypoint: {kind.entrypoint}"
    yield f"    description: {json.dumps(kind.summary)}"
    yield f"    version: {__version__}"
    yield f"    tags: {json.dumps(list(kind.tags))}"
    yield f"    work_pool: *{kind.queue}"
    if kind.schedule is not None:
        yield "    parameters:"
        yield "      request: {}"
        yield "    schedules:"
        yield f"      - slug: {kind.schedule.slug}"
        yield f'        cron: "{kind.schedule.cron}"'
        yield "        timezone: UTC"
        yield "        active: false"


def main() -> None:
    """Write it."""
    FILE.write_text(written(FILE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
