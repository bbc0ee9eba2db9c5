"""Cluster specs: those that are shipped are right, wrong ones are refused in a sentence, TLS keeps strangers out."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from jwstpipe.cli.server.prefect_server import free_port
from jwstpipe.deployments.certificates import main as certificates_main
from jwstpipe.errors import ServiceError, UsageError
from jwstpipe.execution.certificates import make_certificates
from jwstpipe.execution.clusters import cluster_spec, read_cluster_spec
from jwstpipe.execution.workers import open_workers
from jwstpipe.settings import ExecutionSettings
from tests.waiting import LIMIT_SECONDS, wait_for_port

CONFIGS = Path(__file__).parents[2] / "configs" / "dask"
SCRIPT = Path(__file__).parents[2] / "deployments" / "certificates.py"


def double(number):
    return 2 * number, os.getpid()


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_specs_are_valid(path, tmp_path):
    if path.stem == "address":
        copied = tmp_path / path.name
        copied.write_text(path.read_text())
        certificates(tmp_path / "certificates")
        assert read_cluster_spec(copied).tls.ca_file == str(tmp_path / "certificates" / "ca.pem")
        return
    assert read_cluster_spec(path).cluster_class.rpartition(".")[2].endswith("Cluster")


def test_a_spec_file_starts_workers_of_its_own():
    settings = ExecutionSettings(cluster=str(CONFIGS / "local.yaml"))
    with open_workers(settings) as workers:
        receipts = workers.run(double, {str(n): n for n in range(8)}, name="double")
        assert "@127.0.0.1:" in workers.dashboard_link
        assert workers.client.scheduler.address.startswith("tls://")
    assert [value for value, _ in receipts.values()] == [2 * n for n in range(8)]
    assert os.getpid() not in {process for _, process in receipts.values()}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a list", "not a cluster spec"),
        ("a: [", "not YAML"),
        ("colour: red", "colour"),
        ("scale: 3", "give either address or cluster_class"),
        ("address: http://x", "address"),
        ("address: tcp://x:1\ncluster_class: a.b", "give either address or cluster_class"),
        ("cluster_class: a.b\nscale: 2\nadapt_kwargs: {minimum: 1}", "scale or adapt_kwargs"),
        ("cluster_class: os.system('x')", "not the path of a class"),
        ("address: tls://x:1\ntls: {ca_file: a, cert_file: b, key_file: c}", "tls.ca_file"),
    ],
)
def test_wrong_specs_are_refused_by_name(tmp_path, text, says):
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=says) as refused:
        cluster_spec(ExecutionSettings(cluster=str(path)))
    assert "\n" not in str(refused.value)


def test_a_spec_that_is_not_there_and_a_class_that_is_not_installed(tmp_path):
    with pytest.raises(UsageError, match="cannot read the cluster spec"):
        cluster_spec(ExecutionSettings(cluster=str(tmp_path / "none.yaml")))
    path = tmp_path / "spec.yaml"
    path.write_text("cluster_class: no_such_package.Cluster")
    with pytest.raises(UsageError, match="pip install no-such-package"), open_workers(settings(path)):
        pass
    path.write_text("cluster_class: distributed.NoCluster")
    with pytest.raises(UsageError, match="has no class NoCluster"), open_workers(settings(path)):
        pass


def settings(path):
    return ExecutionSettings(cluster=str(path), patience_s=0.5)


def certificates(folder):
    return [str(path) for path in make_certificates(folder)]


@contextmanager
def tls_part(command, folder, role, *words):
    """Run a part of a Dask cluster as a process."""
    files = {"ca-file": "ca.pem", "cert": f"{role}.pem", "key": f"{role}.key"}
    tls = [word for name, file in files.items() for word in (f"--tls-{name}", str(folder / file))]
    everything = [sys.executable, "-m", "dask", command, *tls, *words]
    with subprocess.Popen(everything, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def tls_scheduler(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    written = certificates(folder)
    assert {Path(path).stat().st_mode & 0o777 for path in written if path.endswith(".key")} == {0o400}
    port = free_port()
    pages = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
    words = ("--protocol", "tls", "--host", "127.0.0.1", "--port", str(port), *pages)
    with tls_part("scheduler", folder, "scheduler", *words) as process:
        wait_for_port(port, process)
        yield folder, f"tls://127.0.0.1:{port}"


def spec_file(folder, address):
    path = folder / "spec.yaml"
    tls = "tls: {ca_file: ca.pem, cert_file: client.pem, key_file: client.key}"
    path.write_text(f"address: {address}\n{tls}\n")
    return path


def test_a_scheduler_without_workers_is_named_after_the_patience(tls_scheduler):
    folder, address = tls_scheduler
    asked = open_workers(settings(spec_file(folder, address)))
    with pytest.raises(ServiceError, match=r"has had no workers for 0.5 s; start some with: dask worker tls://"), asked:
        pass


def test_work_runs_over_tls_and_strangers_stay_outside(tls_scheduler, tmp_path, monkeypatch):
    folder, address = tls_scheduler
    patient = ExecutionSettings(cluster=str(spec_file(folder, address)), patience_s=LIMIT_SECONDS)
    with tls_part("worker", folder, "worker", address, "--nworkers", "1", "--host", "127.0.0.1", "--no-dashboard"):
        with open_workers(patient) as workers:
            assert workers.run(double, {"a": 21}, name="double")["a"][0] == 42
        monkeypatch.setattr("jwstpipe.execution.dask_workers.CONNECT_SECONDS", 1.0)
        certificates(tmp_path / "strangers")
        stranger = settings(spec_file(tmp_path / "strangers", address))
        for outsider in (stranger, ExecutionSettings(cluster=address.replace("tls", "tcp"))):
            with pytest.raises(ServiceError, match="no Dask scheduler answers"), open_workers(outsider):
                pass


def test_certificates_are_not_replaced_by_accident(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=True)
    before = {path: Path(path).read_bytes() for path in done.stdout.split()}
    again = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=False)
    assert (again.returncode, again.stdout) == (1, "")
    assert "--renew" in again.stderr
    assert {path: Path(path).read_bytes() for path in before} == before
    certificates_main([str(tmp_path), "--renew"])
    assert all(Path(path).read_bytes() != content for path, content in before.items())
