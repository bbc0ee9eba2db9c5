"""docker-compose.yml: valid by the Compose schema, and as closed as the operations document says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from jwstpipe import __version__
from jwstpipe.deployments.entrypoint import with_secrets
from jwstpipe.deployments.prune_packages import __file__ as pruning
from jwstpipe.deployments.prune_packages import unneeded
from jwstpipe.settings import load_settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
LINKED = [link.name for link in (ROOT / "jwstpipe").iterdir() if link.is_symlink()]
OWN_USER = {"postgres": "999:999", "mongo": "999:999"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(COMPOSE.read_text())


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


def check(path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_is_valid_by_the_compose_schema():
    done = check(COMPOSE)
    assert done.returncode == 0, done.stdout


def test_the_schema_would_notice_a_mistake(tmp_path, compose):
    compose = json.loads(json.dumps(compose))
    compose["services"]["worker"]["helthcheck"] = {}
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(yaml.safe_dump(compose))
    assert check(broken).returncode == 1


def test_every_part_is_without_rights_that_it_does_not_need(services):
    for name, service in services.items():
        assert service["user"] == OWN_USER.get(name, "10001:10001"), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name
        assert "/var/run/docker.sock" not in json.dumps(service), name
        assert name == "volumes" or "mem_limit" in service, name


def test_ports_are_published_on_loopback_only_and_only_the_dashboards_and_the_viewer(services):
    ports = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert ports == {"forward": ["127.0.0.1:4200:4200", "127.0.0.1:8787:8787", "127.0.0.1:5006:5006"]}
    routes = ["4200=prefect-server:4200", "8787=dask-scheduler:8787", "5006=viewer:5006"]
    assert services["forward"]["command"][-3:] == routes
    assert "--write" not in services["viewer"]["command"]
    assert not services["forward"].get("secrets")


def test_data_and_control_have_no_way_out_and_only_flows_reach_the_archive(compose, services):
    internal = {name for name, network in compose["networks"].items() if network.get("internal")}
    assert internal == {"control", "app", "data", "front"}
    assert set(compose["networks"]) - internal == {"egress", "published"}
    masquerade = "com.docker.network.bridge.enable_ip_masquerade"
    assert compose["networks"]["published"]["driver_opts"] == {masquerade: "false"}
    assert [name for name, service in services.items() if "published" in service.get("networks", [])] == ["forward"]
    assert [name for name, service in services.items() if "egress" in service.get("networks", [])] == ["worker"]
    for name in set(services) - {"volumes", "worker", "forward"}:
        assert set(services[name]["networks"]) <= internal, name


def test_long_running_parts_tell_whether_they_are_healthy_and_wait_for_those_they_need(services):
    for name, service in services.items():
        if service["restart"] == "no":
            assert "healthcheck" not in service
            continue
        assert service["healthcheck"]["test"], name
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            ends = services[needed]["restart"] == "no"
            wanted = "service_completed_successfully" if ends else "service_healthy"
            assert how["condition"] == wanted, f"{name} -> {needed}"


def test_secrets_are_files_and_stand_in_no_variable(compose, services, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "jwstpipe.deployments.make_secrets", tmp_path / "secrets"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    made = {Path(line).relative_to(tmp_path) for line in done.stdout.splitlines()}
    assert {Path(secret["file"]) for secret in compose["secrets"].values()} <= made
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    for name, service in services.items():
        mounted = set(service.get("secrets", []))
        for variable, value in service.get("environment", {}).items():
            if "/run/secrets/" in str(value):
                assert Path(value).name in mounted, f"{name}: {variable}"
            elif any(word in variable for word in ("PASSWORD", "SECRET", "AUTH_STRING", "TOKEN")):
                pytest.fail(f"{name}: {variable} holds a secret")
    again = subprocess.run(
        [sys.executable, "-m", "jwstpipe.deployments.make_secrets", tmp_path / "secrets"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert again.returncode == 1


def test_each_role_has_its_own_password_and_dask_workers_have_none_of_a_database(services):
    holders = {}
    for name, service in services.items():
        for secret in service.get("secrets", []):
            holders.setdefault(secret, set()).add(name)
    assert holders["postgres_admin_password"] == {"postgres"}
    assert holders["postgres_password"] == {"postgres", "prefect-server"}
    assert holders["mongo_admin_password"] == {"mongo"}
    assert holders["mongo_flows_password"] == {"mongo", "setup", "worker", "viewer"}
    worker = json.dumps(services["dask-worker"])
    assert "mongo" not in worker
    assert "postgres" not in worker
    assert "prefect_auth" not in worker


def test_no_password_stands_in_the_words_of_a_process(services):
    for name, service in services.items():
        words = json.dumps(
            [service.get("command"), service.get("entrypoint"), service.get("healthcheck", {}).get("test")]
        )
        assert "$(cat" not in words.replace("$$", "$"), name


def test_the_dashboard_of_dask_asks_for_the_password(services):
    scheduler = services["dask-scheduler"]
    assert "--preload=jwstpipe.execution.dashboard_guard" in scheduler["command"]
    assert scheduler["environment"]["JWSTPIPE_EXECUTION__PASSWORD_FILE"] == "/run/secrets/prefect_auth"


def test_dask_speaks_tls_only_between_its_parts(services):
    for name in ("dask-scheduler", "dask-worker", "worker"):
        environment = services[name]["environment"]
        assert environment["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] == "true"
        assert environment["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"] == "/run/secrets/dask_ca"
    assert "--protocol=tls" in services["dask-scheduler"]["command"]
    assert services["worker"]["environment"]["JWSTPIPE_EXECUTION__CLUSTER"].startswith("tls://dask-scheduler:")


def test_images_are_pinned_and_ours_is_one(services):
    ours = {service["image"] for service in services.values() if "build" in service}
    assert ours == {f"jwstpipe:{__version__}"}
    for service in services.values():
        tag = service["image"].partition(":")[2]
        assert tag
        assert tag != "latest"
    others = {service["image"].partition(":")[0] for service in services.values() if "build" not in service}
    told = (ROOT / "SECURITY.md").read_text()
    assert all(f"`{image}`" in told for image in others - {"jwstpipe"})  # named where no digest is known
    assert "--resolve-image-digests --output" in told


def test_telemetry_is_off_everywhere(services):
    for name in ("prefect-server", "worker", "setup"):
        environment = services[name]["environment"]
        assert environment["DO_NOT_TRACK"] == "1"
        assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


def test_the_settings_of_the_parts_are_settings_of_this_version(services, tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.write_text("p@ss/word\n")
    given = {
        name: str(secret) if name.endswith("__FILE") else str(value)
        for name, value in services["worker"]["environment"].items()
    }
    environment = with_secrets(given)
    for name in [name for name in os.environ if name.startswith("JWSTPIPE_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        if name.startswith("JWSTPIPE_"):
            monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.catalog_address.startswith("mongodb://flows:p%40ss%2Fword@mongo:27017/")
    assert settings.store_root == "s3://jwstpipe/store"
    assert environment["PREFECT_API_AUTH_STRING"] == "p@ss/word"
    assert not any(name.endswith("__FILE") for name in environment)


@pytest.mark.parametrize("content", [None, "  \n"])
def test_a_secret_that_is_missing_or_empty_stops_the_container_with_its_name(tmp_path, content):
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
    command = [sys.executable, "-m", "jwstpipe.deployments.entrypoint", "true"]
    environment = {**os.environ, "PREFECT_API_AUTH_STRING__FILE": str(file)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"PREFECT_API_AUTH_STRING__FILE={file}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_entry_point_becomes_the_command(tmp_path):
    (tmp_path / "secret").write_text("hidden")
    environment = {**os.environ, "WORD__FILE": str(tmp_path / "secret")}
    command = [sys.executable, "-m", "jwstpipe.deployments.entrypoint", "sh", "-c", 'echo "$WORD"']
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "hidden\n"


def test_the_image_has_what_running_needs_and_nothing_of_tests_and_linters():
    spare = set(unneeded(ROOT / "pyproject.toml", ["server", "hips"]))
    assert {"selenium", "pytest", "moto", "ruff", "mypy", "hypothesis"} <= spare
    assert not {"prefect", "asyncpg", "distributed", "bokeh", "pymongo", "gwcs", "s3fs", "numba"} & spare
    assert "moto" not in unneeded(ROOT / "pyproject.toml", ["test"])
    with pytest.raises(ValueError, match="no extra 'odd'"):
        unneeded(ROOT / "pyproject.toml", ["odd"])
    dockerfile = (ROOT / "deployments" / "Dockerfile").read_text()
    assert f"python deployments/{Path(pruning).name} pyproject.toml server hips" in dockerfile
    assert all(f"COPY {folder} {folder}\n" in dockerfile for folder in LINKED)


def test_the_dockerfile_installs_the_lock_with_hashes_and_runs_as_nobody_special():
    text = (ROOT / "deployments" / "Dockerfile").read_text()
    assert "--require-hashes -r requirements.lock" in text
    assert text.count("FROM python:3.11.") == 2
    assert "USER 10001:10001" in text
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert "!secrets" not in ignored
