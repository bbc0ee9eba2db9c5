"""Every module can be imported by itself, and no room is crowded.

What is loaded only when it is used is found broken here, not by a user.
"""

import importlib
import pkgutil
from collections import Counter
from pathlib import Path

import jwstpipe

ROOT = Path(jwstpipe.__file__).parent


def modules():
    found = (module.name for module in pkgutil.walk_packages(jwstpipe.__path__, "jwstpipe."))
    return [name for name in found if not name.endswith("__main__")]


def test_every_module_can_be_imported():
    failed = {}
    for name in modules():
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - all of them are told together
            failed[name] = repr(error)
    assert failed == {}


def test_no_room_has_more_than_sixteen_files():
    found = Counter(path.parent for path in ROOT.rglob("*.py") if path.name != "__init__.py")
    assert {room.name: count for room, count in found.items() if count > 16} == {}
    assert sum(found.values()) > 100
