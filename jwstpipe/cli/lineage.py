"""`jwstpipe lineage`: where a product came from, what became of it, whether it is current and can be made again."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from jwstpipe.cli.arguments import Home, Json, Product, User
from jwstpipe.cli.catalog.opened import opened
from jwstpipe.cli.context import choices_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.errors import NotFoundError

__all__ = ["lineage"]


def lineage(
    context: typer.Context,
    product: Product,
    *,
    form: Annotated[
        Literal["text", "json", "mermaid", "dot"],
        typer.Option("--format", help="text, json, mermaid or dot (Graphviz)"),
    ] = "text",
    down: Annotated[bool, typer.Option("--down", help="what was made of it, in place of what it was made of")] = False,
    why_stale: Annotated[bool, typer.Option("--why-stale", help="is it current? and if not, why not")] = False,
    rerun: Annotated[bool, typer.Option("--rerun", help="make it again from its record, and compare")] = False,
    user: User = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Tell what a product was made of and what became of it.

    Whole ids and digests with -v. Examples: jwstpipe lineage picture.png; jwstpipe lineage 2aff16063be1 --why-stale
    """
    from jwstpipe.catalog.lineage.embedded_id import find_product

    chosen, brief = "json" if as_json else form, not choices_of(context).verbose
    with opened(context, home=home, user=user) as (catalog, settings):
        try:
            found = find_product(catalog, product, s3=settings.s3)
        except NotFoundError:
            if rerun or why_stale or down or not _exists(product):
                raise
            _show_carried(catalog, settings, product, chosen, brief=brief)
            return
        key = found.record.product_id
        if Path(product).exists():
            remark(f"{product} is product {key} (by its {found.by})")
        if rerun:
            from jwstpipe.cli.reproduce import reproduce_and_tell

            reproduce_and_tell(context, catalog, settings, key, as_json=chosen == "json")
        elif why_stale:
            _why_stale(catalog, settings, key, as_json=chosen == "json")
        else:
            _show(catalog, key, chosen, down=down, brief=brief)


def _show(catalog: Any, key: str, form: str, *, down: bool, brief: bool) -> None:
    from jwstpipe.catalog.lineage.formats import render_tree_dot, render_tree_mermaid, render_tree_text, tree_json
    from jwstpipe.catalog.lineage.graph import ancestors, descendants

    tree = descendants(catalog, key) if down else ancestors(catalog, key)
    if form == "mermaid":
        data(render_tree_mermaid(tree, downward=down))
    elif form == "dot":
        data(render_tree_dot(tree, downward=down))
    elif form == "json":
        record = catalog.get(key).model_dump(mode="json")
        fields = ("parameters", "software", "run_id", "execution", "created", "inputs", "warnings", "superseded_by")
        below = [] if down else tree_json(descendants(catalog, key))["branches"]
        json_data({**tree_json(tree), **{name: record[name] for name in fields}, "descendants": below})
    else:
        data(render_tree_text(tree, brief=brief))
        made = () if down else descendants(catalog, key).branches
        if made:
            data()
            data("went into:")
            for branch in made:
                data(render_tree_text(branch, brief=brief))


def _exists(product: str) -> bool:
    return product.startswith("s3://") or Path(product).exists()


def _show_carried(catalog: Any, settings: Any, product: str, form: str, *, brief: bool) -> None:
    """Tell what a file says of itself, where the catalogue does not know it."""
    from datetime import UTC, datetime

    from jwstpipe.catalog.lineage.carried import carried_provenance, carried_tree, stated_record
    from jwstpipe.catalog.lineage.formats import render_tree_dot, render_tree_mermaid, render_tree_text, tree_json

    carried = carried_provenance(product, s3=settings.s3)
    carried.require_true(name=product)
    remark(
        f"the catalogue {catalog.database.address} does not know {product}; this is what it says of itself"
        " (jwstpipe catalog add enters it)"
    )
    if form == "json":
        from jwstpipe.operations.products.record_file import record_of_file

        record = record_of_file(product, carried, catalog, storage_key=None, created=datetime.now(UTC), s3=settings.s3)
        fields = record.model_dump(mode="json", include={"parameters", "software", "inputs"})
        tree = tree_json(carried_tree(carried, record, catalog))
        json_data({**tree, **fields, "told_by": "file", "descendants": []})
        return
    renderers: dict[str, Any] = {
        "mermaid": render_tree_mermaid, "dot": render_tree_dot, "text": partial(render_tree_text, brief=brief),
    }  # fmt: skip
    data(renderers[form](carried_tree(carried, stated_record(product, carried), catalog)))


def _why_stale(catalog: Any, settings: Any, key: str, *, as_json: bool) -> None:
    from jwstpipe.catalog.lineage.staleness import why_stale
    from jwstpipe.operations.registry import algorithms
    from jwstpipe.storage import open_store, product_exists

    store = open_store(settings.store_root, s3=settings.s3)
    reasons = why_stale(
        catalog, key, algorithms=algorithms(), present=lambda name, form: product_exists(store, name, form)
    )
    if as_json:
        json_data({"product_id": key, "stale": bool(reasons), "reasons": [asdict(reason) for reason in reasons]})
        return
    data(f"{key} is {'stale' if reasons else 'current'}")
    for reason in reasons:
        data(f"  {reason.cause}: {reason.file_name}: {reason.detail}")
