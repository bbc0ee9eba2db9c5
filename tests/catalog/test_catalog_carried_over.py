"""A frozen file of the older form (neosqlite's) is read once, and is then a file of today."""

import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.database.connect import connect
from jwstpipe.catalog.leases import holders
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.errors import DataError
from tests.catalog.catalog_records import make_record

FROZEN = Path(__file__).with_name("catalogue_of_version_0.sqlite")
ALL = RecordQuery(status=())


@pytest.fixture
def older(tmp_path):
    return Path(shutil.copy(FROZEN, tmp_path / "catalog.sqlite"))


def test_everything_is_carried_over_once(older):
    for _ in range(2):
        with open_catalog(older) as catalog:
            found = {record.product_id: record for record in catalog.find(ALL)}
            assert sorted(found) == [f"p{number}" for number in range(1, 9)]
            assert [found[key].status for key in ("p1", "p7", "p8")] == ["superseded", "published", "staged"]
            assert found["p1"].superseded_by == "p7"
            assert found["p2"].metadata["text"] == "Ærø \u2028 line"
            assert (found["p3"].description, found["p3"].thumbnail) == ("a fine one", "thumbnails/p3.png")
            assert found["p3"].tags == ("mast-import", "t3", "mine")
            assert [link.file_name for link in found["p6"].inputs] == ["file_1.fits", "file_2.fits"]
            assert (found["p6"].user_id, found["p6"].shared_with) == ("ann", ("bob",))
            assert [lease.key for lease in holders(catalog)] == ["p9"]
            wanted = {
                "p3": RecordQuery(tags=("mine",)), "p6": RecordQuery(parent="p2"), "p4": RecordQuery(text="file_4"),
                "p5": RecordQuery(ra=156.75, dec=-40.4, radius=0.01),
            }  # fmt: skip
            for key, query in wanted.items():
                assert [record.product_id for record in catalog.find(query)] == [key]
            assert catalog.stats().total.records == 8
            assert [record.product_id for record in catalog.as_user("bob").find(RecordQuery(owner="ann"))] == ["p6"]
    with sqlite3.connect(older) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert "jwst_data" not in tables


def test_what_the_newer_file_has_already_stays(older, tmp_path):
    with open_catalog(older) as catalog:
        catalog.amend("p2", description="newer")
    with sqlite3.connect(older) as connection:  # an older version of the program wrote to the file meanwhile
        connection.execute("ATTACH ? AS older", (str(FROZEN),))
        for table in ("jwst_data", "catalog_meta", "leases"):
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM older.{table}")
        connection.execute("UPDATE jwst_data SET _id = 'late' WHERE _id = 'p8'")
    connection.close()
    with open_catalog(older) as catalog:
        assert catalog.get("p2").description == "newer"
        assert catalog.get("late").status == "staged"


def test_many_open_it_at_once(older):
    def opened(_):
        with open_catalog(older) as catalog:
            return catalog.count(ALL)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(opened, range(6))) == [8] * 6


def test_a_damaged_record_leaves_the_file_as_it_was(older):
    with sqlite3.connect(older) as connection:
        connection.execute("UPDATE jwst_data SET data = '[1]' WHERE _id = 'p4'")
    connection.close()
    for _ in range(2):
        with pytest.raises(DataError, match="older record 'p4' cannot be read"), open_catalog(older):
            pass
    with sqlite3.connect(older) as connection:
        assert connection.execute("SELECT COUNT(*) FROM jwst_data").fetchone() == (8,)
    connection.close()


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE things (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DataError, match="another program's"):
        connect(path)
    assert path.read_bytes() == before


def test_reading_it_needs_no_library(older):
    code = (
        "import sys; sys.modules['neosqlite'] = None\n"
        "from jwstpipe.catalog.catalog import open_catalog\n"
        f"with open_catalog({str(older)!r}) as catalog: print(catalog.count())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "6\n"


def test_a_record_of_today_follows(older):
    with open_catalog(older) as catalog:
        catalog.publish(make_record(9))
        assert catalog.count() == 7
