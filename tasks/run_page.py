"""The end of a run's page: products with links, lineage, pictures, and a report that a person can read."""

import io
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

from PIL import Image
from prefect import get_run_logger

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.lineage.formats import render_tree_text
from jwstpipe.catalog.lineage.graph import ancestors
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.jobs.report import MadeProduct, RunReport
from jwstpipe.redaction import redacted
from jwstpipe.storage import ObjectStore, is_remote
from jwstpipe.tasks.artifacts import image, markdown, picture, table

__all__ = ["failed", "finished"]

MOST_ROWS = 500
"""Rows of the products table; the catalogue has them all."""

MOST_TREES = 12
MOST_LINES = 200
"""Products whose lineage is drawn, and lines of it: what a person reads, not what the catalogue knows."""

SHEET_SIDE = 128
SHEET_COLUMNS = 6
MOST_THUMBNAILS = 36


def finished(
    report: RunReport, store: ObjectStore, catalog: Catalog, *, link_root: str | None, thumbnails: Sequence[str] = ()
) -> None:
    """Write the page of a run that ended well.

    Parameters
    ----------
    report
        What it made.
    store, catalog
        Where the products and their records are.
    link_root
        Address under which browsers find the store.
    thumbnails
        Keys of small pictures to show, besides those of the products.
    """
    records = catalog.get_many(product.product_id for product in report.products)
    if report.products:
        _products(report, store, link_root)
        _lineage(report, catalog)
    _pictures(report, records, thumbnails, store)
    markdown(_text(report, "done"), key="report", description=f"Report on {report.title}")
    made = sum(not product.reused for product in report.products)
    get_run_logger().info(
        "%s: %d products made, %d were there, in %.0f s",
        report.title, made, len(report.products) - made, report.total_seconds,
    )  # fmt: skip


def failed(report: RunReport, error: Exception) -> None:
    """Write the page of a run that failed: why, and what it had done."""
    reason = redacted(" ".join(str(error).split()))
    text = f"{_text(report, 'failed')}\n**{type(error).__name__}**: {reason}\n\nWhat was finished is kept.\n"
    markdown(text, key="report", description=f"Report on {report.title}: failed")


def address_for_people(product: MadeProduct, store: ObjectStore, link_root: str | None) -> str:
    """Give the address under which a browser finds a product, where there is one; else where it lies."""
    if link_root is not None:
        key = product.where.removeprefix(f"{store.root}/")
        return f"{redacted(link_root).rstrip('/')}/{quote(key)}"
    return product.where if is_remote(product.where) else f"file://{quote(product.where)}"


def _products(report: RunReport, store: ObjectStore, link_root: str | None) -> None:
    shown = report.products[-MOST_ROWS:]
    rows = [
        {
            "kind": product.kind,
            "filter": product.filter or "several",
            "name": product.name,
            "inputs": product.inputs,
            "state": "was there" if product.reused else "made",
            "product_id": product.product_id,
            "where": product.where,
        }
        for product in shown
    ]
    table(rows, key="products", description=f"Products of {report.title}")
    lines = [
        f"| {product.kind} | {product.filter or 'several'}"
        f" | [{product.name}]({address_for_people(product, store, link_root)}) | `{product.product_id}` |"
        for product in shown
    ]
    head = "| kind | filter | product | id |\n|---|---|---|---|\n"
    markdown(head + "\n".join(lines) + "\n", key="product-links", description="Where the products are")


def _lineage(report: RunReport, catalog: Catalog) -> None:
    derived = [product for product in report.products if product.kind != "archive"][-MOST_TREES:]
    if not derived:
        return
    trees = [ancestors(catalog, product.product_id) for product in derived]
    lines = [line for tree in trees for line in render_tree_text(tree, brief=True).split("\n")]
    more = f"\n... {len(lines) - MOST_LINES} lines more" if len(lines) > MOST_LINES else ""
    text = "\n".join(lines[:MOST_LINES]) + more
    say = f"`jwstpipe lineage {derived[-1].product_id}` draws it on a terminal."
    markdown(f"```\n{text}\n```\n\n{say}\n", key="lineage", description="What the products were made from")


def _pictures(report: RunReport, records: dict[str, ProductRecord], shown: Sequence[str], store: ObjectStore) -> None:
    mine = [records[product.product_id] for product in report.products if product.product_id in records]
    for record in (record for record in mine if record.kind == "picture"):
        name = PurePosixPath(str(record.storage_key)).stem.lower()
        picture(
            store, str(record.storage_key), key=f"picture-{name}", description=f"{report.title}: {record.file_name}"
        )
    own = [str(record.storage_key) if record.kind == "thumbnail" else record.thumbnail for record in mine]
    thumbnails = [key for key in dict.fromkeys([*shown, *own]) if key and store.exists(key)]
    if thumbnails:
        sheet = _sheet([store.read_bytes(key) for key in thumbnails[:MOST_THUMBNAILS]])
        image(sheet, key="thumbnails", description=f"{len(thumbnails)} thumbnails of {report.title}")


def _sheet(pictures: Sequence[bytes]) -> Image.Image:
    columns = min(SHEET_COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * SHEET_SIDE, rows * SHEET_SIDE))
    for number, content in enumerate(pictures):
        with Image.open(io.BytesIO(content)) as opened:
            small = opened.convert("RGB")
        small.thumbnail((SHEET_SIDE - 2, SHEET_SIDE - 2))
        row, column = divmod(number, columns)
        left = column * SHEET_SIDE + (SHEET_SIDE - small.width) // 2
        sheet.paste(small, (left, row * SHEET_SIDE + (SHEET_SIDE - small.height) // 2))
    return sheet


def _text(report: RunReport, state: str) -> str:
    made = sum(not product.reused for product in report.products)
    steps = "\n".join(f"| {name} | {seconds:.1f} |" for name, seconds in report.seconds.items())
    counts = "".join(f"\n- {name.replace('_', ' ')}: {count:,}" for name, count in report.counts.items())
    notes = "".join(f"\n- {note}" for note in report.notes)
    parameters = "\n".join(f"| {name} | {_shown(value)} |" for name, value in report.request.items())
    return (
        f"# {report.title}: {state}\n\n"
        f"{report.files} files, {report.bytes_moved / 1e6:.1f} MB over the network, {made} products made,"
        f" {len(report.products) - made} were there.{counts}\n\n"
        f"| step | seconds |\n|---|---|\n{steps}\n| in all | {report.total_seconds:.1f} |\n"
        + (f"\n## Notes\n{notes}\n" if notes else "")
        + f"\n## Parameters in effect\n\n| parameter | value |\n|---|---|\n{parameters}\n\n"
        f"jwstpipe {report.version}, run `{report.run_id}`\n"
    )


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, list):
        shown = ", ".join(str(item) for item in value[:20]) or "none"
        return f"{shown}, ... ({len(value)} in all)" if len(value) > 20 else shown
    return str(value)
