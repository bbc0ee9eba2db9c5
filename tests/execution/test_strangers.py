"""The cluster of `jwstpipe up`, attacked by another user of the machine: nothing answers without its keys."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from distributed import Client

from jwstpipe.execution.certificates import client_environment, make_certificates, security_of
from jwstpipe.execution.local_cluster import shared_cluster
from jwstpipe.settings import ExecutionSettings
from tests.waiting import LIMIT_SECONDS

SCRIPT = Path(__file__).parents[3] / "shared" / "cases" / "attack" / "local_user_dask.py"
SAME_ATTACK = """
import os, sys
from distributed import Client
c = Client(sys.argv[1], timeout="3s")
print("workers", c.run(os.getuid)); print("scheduler", c.run_on_scheduler(os.getuid))
"""
BARE_HANDS = """
import socket, ssl, struct, sys
found = []
for port in map(int, sys.argv[1:]):
    with socket.create_connection(("127.0.0.1", port), 60) as plain:  # the first words of a Dask client
        plain.settimeout(3)
        plain.sendall(struct.pack("<QQ", 1, 8) + b"\\x82\\xa2op\\xa8identity")
        try:
            found.append(plain.recv(4096)[:1] not in (b"", b"\\x15"))  # nothing, or an alert of TLS
        except OSError:
            found.append(False)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), 60) as raw, context.wrap_socket(raw) as tls:
            tls.settimeout(3)
            tls.sendall(struct.pack("<QQ", 1, 8) + b"\\x82\\xa2op\\xa8identity")
            found.append(bool(tls.recv(4096)))
    except OSError:
        found.append(False)
print(found)
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("up") / "certificates"
    with shared_cluster(ExecutionSettings(workers=1), folder=folder) as running:
        with Client(running.address, security=security_of(folder)) as owner:
            workers = list(owner.scheduler_info()["workers"])
            assert set(owner.run(os.getuid)) == set(workers)
        yield running, folder, [running.address, *workers]


def as_nobody(program, *words):
    """Run a program of the system as the user nobody, or as this user where that may not be done."""
    other = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    empty = {"PATH": "/usr/bin:/bin"}
    return subprocess.run([program, *words], env=empty, cwd="/", capture_output=True, text=True, check=False, **other)


def test_another_user_gets_nothing_with_bare_hands(cluster):
    _, _, addresses = cluster
    ports = [address.rpartition(":")[2] for address in addresses]
    system = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    made = as_nobody(system, "-c", BARE_HANDS, *ports)
    assert made.stdout.strip() == str([False] * 2 * len(ports)), made.stderr


def test_keys_are_readable_by_their_owner_only(cluster):
    _, folder, _ = cluster
    keys = sorted(folder.glob("*.key"))
    assert [path.name for path in keys] == ["client.key", "scheduler.key", "worker.key"]
    for path in keys:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        if os.getuid() == 0:
            read = as_nobody("cat", str(path))
            assert (read.returncode != 0, read.stdout) == (True, "")


@pytest.mark.parametrize(
    "with_keys", ["none", "of another authority", pytest.param("over tcp", marks=pytest.mark.exhaustive)]
)
def test_a_dask_client_without_the_right_keys_runs_nothing(cluster, tmp_path, with_keys):
    running, folder, _ = cluster
    strange = {}
    if with_keys == "of another authority":
        make_certificates(tmp_path / "own")
        strange = client_environment(tmp_path / "own")
        strange["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"] = str(folder / "ca.pem")  # that one is no secret
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DASK_")}
    address = running.address.replace("tls://", "tcp://") if with_keys == "over tcp" else running.address
    text = SCRIPT.read_text().replace("60s", "3s") if SCRIPT.is_file() else SAME_ATTACK
    made = subprocess.run(
        [sys.executable, "-c", text, address], env={**clean, **strange}, capture_output=True, text=True, check=False,
        timeout=LIMIT_SECONDS,
    )  # fmt: skip
    assert made.returncode != 0
    assert made.stdout == ""
