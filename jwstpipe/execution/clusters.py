"""What kind of Dask cluster a site has: a few words, an address, or a spec file of configs/dask."""

import os
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jwstpipe.errors import UsageError
from jwstpipe.settings import ExecutionSettings

__all__ = ["ClusterSpec", "TlsFiles", "cluster_spec", "read_cluster_spec"]

_ADDRESSES = ("tcp://", "tls://")
_FILES = (".yaml", ".yml")
_KINDS = "threads, processes, tcp://host:port, tls://host:port, or a spec file as configs/dask/slurm.yaml"

WORKER_THREADS = 4
"""Threads of a worker process: kernels release the GIL."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TlsFiles(_Frozen):
    """Certificates of a ``tls://`` scheduler; paths are relative to the spec file, ``~`` and ``$NAME`` are replaced."""

    ca_file: str
    """Certificate of the authority that signed all others."""

    cert_file: str
    """Certificate of this machine or role."""

    key_file: str
    """Its private key."""


class ClusterSpec(_Frozen):
    """A Dask cluster: one that runs at an address, or one of a class that is started for each run."""

    address: str | None = Field(None, pattern=r"^(tcp|tls)://", description="scheduler that runs already")
    tls: TlsFiles | None = Field(None, description="certificates of a tls:// scheduler")
    cluster_class: str | None = Field(None, description="class to start, as dask_jobqueue.SLURMCluster")
    cluster_kwargs: dict[str, Any] = Field({}, description="its arguments")
    scale: int | None = Field(None, ge=1, le=10_000, description="workers to ask for; empty: as cluster_kwargs say")
    adapt_kwargs: dict[str, Any] = Field({}, description="adaptive scaling instead: minimum, maximum, ...")
    config: dict[str, Any] = Field({}, description="Dask configuration, as distributed.comm.timeouts.connect: 60s")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.address is None) == (self.cluster_class is None):
            raise ValueError("give either address or cluster_class")
        if self.scale is not None and self.adapt_kwargs:
            raise ValueError("give scale or adapt_kwargs, not both")
        if self.cluster_class is not None and not all(
            part.isidentifier() for part in f"{self.cluster_class}.".split(".")[:-1]
        ):
            raise ValueError(f"cluster_class {self.cluster_class!r} is not the path of a class")
        return self


def cluster_spec(settings: ExecutionSettings) -> ClusterSpec:
    """Say what kind of cluster the settings mean.

    Raises
    ------
    UsageError
        An unknown word, or a spec file that cannot be read or is wrong.
    """
    cluster, count = settings.cluster, settings.workers or os.cpu_count() or 1
    if cluster.startswith(_ADDRESSES):
        return ClusterSpec(address=cluster)
    if cluster.endswith(_FILES):
        return read_cluster_spec(cluster)
    dashboard = {"dashboard_address": f"127.0.0.1:{settings.dashboard_port}"}
    shapes: dict[str, dict[str, Any]] = {
        # worker_dashboard_address: the pages of a worker in this process would else listen on every interface
        "threads": {
            "processes": False,
            "n_workers": 1,
            "threads_per_worker": count,
            "worker_dashboard_address": "127.0.0.1:0",
        },
        "processes": {"processes": True, "n_workers": count, "threads_per_worker": 1, "host": "127.0.0.1"},
    }
    if cluster not in shapes:
        raise UsageError(f"unknown cluster {cluster!r}: {_KINDS}")
    return ClusterSpec(cluster_class="distributed.LocalCluster", cluster_kwargs={**shapes[cluster], **dashboard})


def read_cluster_spec(path: str | Path) -> ClusterSpec:
    """Read a spec file.

    Raises
    ------
    UsageError
        The file cannot be read, is not YAML, or says something unknown; the message names it.
    """
    place = Path(path).expanduser()
    try:
        content = yaml.safe_load(place.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise UsageError(f"{path}: not a cluster spec; see configs/dask")
        return _with_paths(ClusterSpec.model_validate(content), place.resolve().parent)
    except OSError as error:
        raise UsageError(f"cannot read the cluster spec {path}: {error.strerror}; see configs/dask") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"]) or "spec"
        raise UsageError(f"{path}: {key}: {fault['msg'].removeprefix('Value error, ')}; see configs/dask") from None


def _with_paths(spec: ClusterSpec, folder: Path) -> ClusterSpec:
    if spec.tls is None:
        return spec
    files = {name: str(folder / _expanded(value)) for name, value in spec.tls.model_dump().items()}
    for name, value in files.items():
        if not Path(value).is_file():
            raise UsageError(
                f"tls.{name} {value}: no such file; python -m jwstpipe.deployments.certificates makes them"
            )
    return spec.model_copy(update={"tls": TlsFiles(**files)})


def _expanded(value: str) -> str:
    return os.path.expanduser(os.path.expandvars(value))  # noqa: PTH111 - $NAME and ~ in one text
