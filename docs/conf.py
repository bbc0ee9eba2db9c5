"""How Sphinx builds the site: ``make docs``; every warning is an error, and nothing is loaded from elsewhere."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from site_pages import reference  # noqa: E402 - found beside this file

import jwstpipe  # noqa: E402

project = "jwstpipe"
author = copyright = "the jwstpipe developers"  # noqa: A001 - Sphinx names it so
version = release = jwstpipe.__version__

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = ["site_pages"]
root_doc = "index"

# Notebooks are text (MyST) and run anew whenever they change: what stands under a cell is what it printed.
nb_execution_mode = "cache"
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "jwstpipe"
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def setup(app: object) -> None:
    """Write the pages that are made from the code before Sphinx looks for pages."""
    reference.write_pages(HERE / "reference" / "made")
