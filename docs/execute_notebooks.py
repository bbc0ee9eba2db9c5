"""Execute the notebooks of the site that have changed, as many at once as there are processors; Sphinx takes them over.

    python docs/execute_notebooks.py build/.jupyter_cache
"""

import sys
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor

PAGES = Path(__file__).parent / "tutorials"
LONGEST_FIRST = ("watch-list", "archive-to-picture")
TIMEOUT = 300


def main() -> None:
    """Execute them; a notebook that fails is told with its traceback."""
    cache = get_cache(sys.argv[1])
    pages = [page for page in PAGES.glob("*.md") if "file_format: mystnb" in page.read_text(encoding="utf-8")]
    for page in sorted(pages, key=lambda one: (one.stem not in LONGEST_FIRST, one.stem)):
        cache.add_nb_to_project(str(page), read_data={"name": "myst_nb_md", "type": "plugin"})
    done = load_executor("temp-parallel", cache).run_and_cache(timeout=TIMEOUT)
    for page in (*done.excepted, *done.errored):
        record = cache.get_project_record(page)
        sys.exit(f"{page}: {record.traceback or 'could not be executed'}")


if __name__ == "__main__":
    main()
