"""Every module can be imported by itself: what is loaded when it is used is found broken here, not by a user."""

import importlib
import pkgutil

import pytest

import jwstpipe


def modules():
    found = (module.name for module in pkgutil.walk_packages(jwstpipe.__path__, "jwstpipe."))
    return [name for name in found if not name.endswith("__main__")]


@pytest.mark.parametrize("name", modules())
def test_a_module_can_be_imported(name):
    importlib.import_module(name)
