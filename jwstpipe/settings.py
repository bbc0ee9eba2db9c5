"""All that a site decides: where data lie, which archive, how to compute.

Order of precedence: arguments > ``JWSTPIPE_*`` variables (nested with ``__``) > the TOML file > the defaults below.
The TOML file is the one named by the caller, else ``$JWSTPIPE_CONFIG``, else ``./jwstpipe.toml`` if it exists.
Nothing is read when this module is imported; unknown keys are errors.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from jwstpipe.errors import UsageError
from jwstpipe.redaction import redacted

__all__ = [
    "ArchiveSettings",
    "DiscoverySettings",
    "ExecutionSettings",
    "Origin",
    "S3Settings",
    "Settings",
    "as_environment",
    "load_settings",
    "settings_with_origins",
]

PREFIX = "JWSTPIPE_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class S3Settings(_Section):
    """An S3 endpoint; credentials come from the usual AWS places (environment, profile, role), never from here."""

    endpoint: str | None = Field(None, description="URL of a server that is not AWS (SeaweedFS, MinIO); empty for AWS")
    region: str = Field("us-east-1", description="AWS region")
    anonymous: bool = Field(False, description="read without credentials, as public buckets allow")
    max_attempts: int = Field(8, ge=1, le=50, description="attempts for a request that fails in passing")
    cache: Path | None = Field(
        None,
        description="folder of what is kept of FITS files on S3 and of the images of pictures; empty: one in"
        " the system's temporary folder",
    )
    cache_mb: int = Field(1024, ge=0, description="largest size of each of these, MB; 0 = nothing is kept")


class ArchiveSettings(_Section):
    """MAST and its S3 mirror."""

    server: str = Field("https://mast.stsci.edu", description="address of the MAST server")
    source: Literal["auto", "s3", "https"] = Field(
        "auto", description="where bytes come from: auto tries S3 and falls back to HTTPS, file by file"
    )
    bucket: str = Field("stpubdata", description="public bucket of the S3 mirror")
    s3: S3Settings = Field(S3Settings(anonymous=True), description="endpoint of the S3 mirror")
    page_size: int = Field(5000, ge=1, le=50_000, description="rows asked for at once in a search")
    answers_age_s: float = Field(
        300.0, ge=0, description="oldest answer to a search that is taken from disk in place of asking, seconds"
    )
    offline: bool = Field(False, description="never use the network: answers and files that are here, of any age")
    recheck: bool = Field(
        True, description="ask of each file that is here whether it is still the archive's, by its ETag"
    )
    mb_per_s: float | None = Field(None, gt=0, description="most megabytes a second over the network; empty = no limit")
    parts_kept_days: float = Field(7.0, ge=0, description="days after which an abandoned part is removed")
    timeout_s: float = Field(120.0, gt=0, description="longest wait for an answer of the archive, seconds")
    attempts: int = Field(4, ge=1, le=20, description="attempts for a request that fails in passing")
    files_at_once: int = Field(3, ge=1, le=32, description="files in transfer at the same time")
    ranges_at_once: int = Field(
        4, ge=1, le=32, description="byte ranges of one file in transfer at the same time; more of two large ones"
    )

    @field_validator("s3", mode="before")
    @classmethod
    def _public(cls, value: Any) -> Any:
        """Keep reading the public bucket without credentials when a site sets another part of its endpoint."""
        return {"anonymous": True, **value} if isinstance(value, Mapping) else value

    @field_validator("server")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError(f"an archive address starts with http:// or https://, not {value!r}")
        return value.rstrip("/")


class ExecutionSettings(_Section):
    """Where the pixels are computed."""

    cluster: str = Field(
        "threads",
        description="threads | processes | tcp://host:port, tls://host:port of a scheduler | file of configs/dask",
    )
    workers: int = Field(0, ge=0, le=1024, description="threads or processes to start; 0 = one for each core")
    patience_s: float = Field(60.0, gt=0, description="longest wait for the first worker of a cluster, seconds")
    dashboard_port: int = Field(
        0, ge=0, le=65535, description="port of the Dask dashboard on 127.0.0.1; 0 = any free one"
    )
    password_file: Path | None = Field(
        None,
        description="file with user:password that the Dask dashboard on 127.0.0.1 asks for; empty: one is made for each"
        " cluster and stands in the address of its dashboard",
    )


class DiscoverySettings(_Section):
    """How records are found by words."""

    encoder: str | None = Field(
        None,
        description="a model of the site that has a share in the order of what is found by words, as"
        " package.module:attribute; empty: none",
    )


class Settings(_Section):
    """Everything a site decides, with its default."""

    home: Path = Field(
        Path("jwstpipe-data"), description="local folder of catalogue, downloads, store and Prefect history"
    )
    store: str | None = Field(
        None, description="where products live: a folder or s3://bucket/prefix; default HOME/store"
    )
    catalog: str | None = Field(
        None, description="records: mongodb://... or the path of an embedded file; default HOME/catalog.sqlite"
    )
    s3: S3Settings = Field(S3Settings(), description="endpoint of the store when it is on S3")
    archive: ArchiveSettings = Field(ArchiveSettings(), description="MAST and its S3 mirror")
    execution: ExecutionSettings = Field(ExecutionSettings(), description="where the pixels are computed")
    discovery: DiscoverySettings = Field(DiscoverySettings(), description="how records are found by words")
    store_link: str | None = Field(
        None, description="address under which browsers find the store; products on run pages link there"
    )
    prefect_api: str | None = Field(
        None, description="address of a running Prefect API (http://host:4200/api); empty: one is started for the run"
    )

    @property
    def store_root(self) -> str:
        """Root of the object store: a local folder or an ``s3://`` prefix."""
        return self.store or str(self.home / "store")

    @property
    def catalog_address(self) -> str:
        """Address of the catalogue: ``mongodb://...`` or a local path."""
        return self.catalog or str(self.home / "catalog.sqlite")

    @property
    def execution_of_home(self) -> ExecutionSettings:
        """How to compute, with the password of the home in front of Dask's pages unless another one is named."""
        own = self.execution.password_file or self.home.expanduser().resolve() / "prefect" / "password"
        return self.execution.model_copy(update={"password_file": own})


def load_settings(config: Path | str | None = None, **overrides: Any) -> Settings:
    """Read the settings of this run.

    Parameters
    ----------
    config
        TOML file. None: ``$JWSTPIPE_CONFIG``, else ``./jwstpipe.toml`` if there is one.
    **overrides
        Fields that win over file and environment; None means "not given".

    Raises
    ------
    UsageError
        A file that cannot be read, an unknown key, or a value out of range; the message names it.
    """
    path = _config_path(config)
    values: Mapping[str, Any] = {} if path is None else _read_toml(path)
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        return Settings(**_joined(_joined(values, _from_environment()), given))
    except ValidationError as error:
        raise UsageError(_first_fault(error, path)) from None


@dataclass(frozen=True)
class Origin:
    """One setting that is in effect."""

    key: str
    """As ``archive.source``."""

    value: Any
    """Plain; a password in an address is left out."""

    origin: str
    """The variable, the file, or ``default``."""


def settings_with_origins(config: Path | str | None = None) -> tuple[Origin, ...]:
    """Tell every setting in effect and where it comes from.

    Raises
    ------
    UsageError
        As `load_settings`.
    """
    settings, path = load_settings(config), _config_path(config)
    in_file = dict(_flat(_read_toml(path))) if path else {}
    variables = {name.upper(): name for name in os.environ}
    found = []
    for key, value in _flat(settings.model_dump(mode="json")):
        variable = f"{PREFIX}{key.replace('.', '__').upper()}"
        origin = variables.get(variable) or (str(path) if key in in_file else "default")
        found.append(Origin(key, redacted(value) if isinstance(value, str) else value, origin))
    return tuple(found)


def _flat(values: Mapping[str, Any], lead: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{lead}{key}.")
        else:
            yield f"{lead}{key}", value


def _from_environment() -> dict[str, Any]:
    """Collect the variables that are settings; a name that no setting has is left to whom it belongs."""
    found: dict[str, Any] = {}
    for name, value in sorted(os.environ.items()):
        first, *sections = name.upper().removeprefix(PREFIX).lower().split("__")
        if name.upper().startswith(PREFIX) and first in Settings.model_fields:
            nested: Any = value
            for section in reversed(sections):
                nested = {section: nested}
            found = _joined(found, {first: nested})
    return found


def _joined(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Put values over others, section by section."""
    both = {key: _joined(under[key], over[key]) for key in over if _are_sections(under.get(key), over[key])}
    return {**under, **over, **both}


def _are_sections(*values: Any) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def as_environment(settings: Settings) -> dict[str, str]:
    """Write settings as the variables that `load_settings` reads, for flows of this process and its children."""
    execution = settings.execution
    if execution.cluster.endswith((".yaml", ".yml")):
        execution = execution.model_copy(update={"cluster": str(Path(execution.cluster).expanduser().resolve())})
    absolute = settings.model_copy(update={"home": settings.home.expanduser().resolve(), "execution": execution})
    values = _flat(absolute.model_dump(mode="json"))
    return {f"{PREFIX}{key.replace('.', '__').upper()}": str(value) for key, value in values if value is not None}


def _config_path(config: Path | str | None) -> Path | None:
    named = config or os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    here = Path("jwstpipe.toml")
    return here if here.is_file() else None


def _read_toml(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise UsageError(
            f"cannot read the configuration {path}: {error.strerror}; give another with --config"
        ) from None
    except ValueError as error:
        raise UsageError(f"the configuration {path} is not TOML: {error}") from None


def _first_fault(error: ValidationError, path: Path | None) -> str:
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    where = f" (from {path}, JWSTPIPE_* or arguments)" if path else " (from JWSTPIPE_* or arguments)"
    return f"setting {key!r}: {fault['msg']}, got {fault.get('input')!r}{where}; see configs/jwstpipe.toml"
