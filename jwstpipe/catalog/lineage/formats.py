"""A tree of lineage as text, JSON, Mermaid and Graphviz."""

from collections.abc import Iterator, Mapping
from typing import Any

from jwstpipe.catalog.lineage.graph import LineageNode, walk

__all__ = ["render_tree_dot", "render_tree_mermaid", "render_tree_text", "tree_json"]

Marks = Mapping[str, str]
"""A word to set behind a product, by id, as why it is stale."""

_COLOURS = {
    "archive": "#d7e3f4",
    "image": "#dff0d8",
    "mosaic": "#fcf3cf",
    "picture": "#f5d7e6",
    "thumbnail": "#eeeeee",
    "catalogue": "#e8daef",
    "segmentation": "#ded0e8",
    "filtered": "#d5f5f0",
    "export": "#e5e0f0",
    "spectrum": "#f6e3cf",
    "cube": "#d9e8e3",
    "map": "#e3f0c9",
    "table": "#f0e0e6",
}


ID_LETTERS = 12
"""Letters of an id in a brief tree: every command takes the beginning of an id."""


def render_tree_text(root: LineageNode, *, marks: Marks | None = None, brief: bool = False) -> str:
    """Draw a tree as text, one product a line.

    Parameters
    ----------
    root
        Tree.
    marks
        Words behind products.
    brief
        Show the beginnings of ids and no digests; else both with all their letters.
    """
    return "\n".join(_lines(root, "", "", marks or {}, brief=brief))


def tree_json(root: LineageNode) -> dict[str, Any]:
    """Give a tree as plain JSON values: the record's main fields, and its branches."""
    record, link = root.record, root.link
    return {
        "product_id": root.product_id or None,
        "found": record is not None,
        "kind": record.kind if record else None,
        "file_name": record.file_name if record else link.file_name if link else None,
        "level": record.processing_level if record else None,
        "status": record.status if record else None,
        "version": record.version if record else None,
        "digest": record.digest if record else link.digest if link else None,
        "uri": record.uri if record else None,
        "storage_key": record.storage_key if record else None,
        "operation": record.operation if record else None,
        "algorithm_version": record.algorithm_version if record else None,
        "role": link.role if link else None,
        "evidence": link.evidence if link else None,
        "repeated": root.repeated,
        "branches": [tree_json(branch) for branch in root.branches],
    }


def render_tree_mermaid(root: LineageNode, *, downward: bool = False) -> str:
    """Write a tree as a Mermaid flow chart, inputs above what was made of them.

    Parameters
    ----------
    root
        Tree.
    downward
        The branches are what was made of a product, not its inputs.
    """
    names, edges = _graph(root, downward=downward)
    lines = ["flowchart TD"]
    lines += [f'  {name}["{_escaped(_caption(node))}"]' for name, node in names.items()]
    lines += [f"  {above} --> {below}" for above, below in edges]
    kinds: dict[str, list[str]] = {}
    for name, node in names.items():
        kinds.setdefault(node.record.kind if node.record else "missing", []).append(name)
    for kind, members in kinds.items():
        style = f"fill:{_COLOURS[kind]}" if kind in _COLOURS else "fill:#ffffff,stroke:#cc0000,stroke-dasharray: 4"
        lines += [f"  classDef {kind} {style}", f"  class {','.join(members)} {kind}"]
    return "\n".join(lines)


def render_tree_dot(root: LineageNode, *, downward: bool = False) -> str:
    """Write a tree in the language of Graphviz (see `render_tree_mermaid`)."""
    names, edges = _graph(root, downward=downward)
    lines = ["digraph lineage {", "  rankdir=TB;", '  node [shape=box, style="rounded,filled", fontname="sans-serif"];']
    for name, node in names.items():
        colour = _COLOURS.get(node.record.kind, "#ffffff") if node.record else "#ffffff"
        label = _caption(node).replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'  {name} [label="{label}", fillcolor="{colour}"];')
    lines += [f"  {above} -> {below};" for above, below in edges]
    return "\n".join([*lines, "}"])


def _graph(root: LineageNode, *, downward: bool) -> tuple[dict[str, LineageNode], list[tuple[str, str]]]:
    """Name each product once, and list the edges from input to product."""
    numbers: dict[str, str] = {}
    names: dict[str, LineageNode] = {}
    edges: dict[tuple[str, str], None] = {}

    def named(node: LineageNode) -> str:
        key = node.product_id or (node.link.file_name if node.link else "")
        name = numbers.setdefault(key, f"p{len(numbers)}")
        names.setdefault(name, node)
        return name

    for node in walk(root):
        own = named(node)
        for branch in node.branches:
            other = named(branch)
            edges[(own, other) if downward else (other, own)] = None
    return names, list(edges)


def _caption(node: LineageNode) -> str:
    if node.record is None:
        return f"{node.link.file_name if node.link else node.product_id} (not in the catalogue)"
    made = node.record.operation or node.record.kind
    return f"{node.record.file_name} ({made}, {node.product_id[:8]})"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def _lines(node: LineageNode, lead: str, below: str, marks: Marks, *, brief: bool) -> Iterator[str]:
    yield lead + (_brief(node) if brief else _label(node, marks))
    for branch in node.branches:
        last = branch is node.branches[-1]
        yield from _lines(
            branch, below + ("└── " if last else "├── "), below + ("    " if last else "│   "), marks, brief=brief
        )


def _brief(node: LineageNode) -> str:
    """Write what a person looks for first."""
    record, link = node.record, node.link
    if record is None:
        return f"{link.file_name if link else node.product_id or '?'} (not in the catalogue)"
    made = f", {record.operation}" if record.operation not in (None, record.kind) else ""
    role = f" as {link.role}" if link and link.role != "science" else ""
    evidence = f" (by {link.evidence})" if link and link.evidence != "exact" else ""
    status = "" if record.status == "published" else f" {record.status.upper()}"
    again = " (see above)" if node.repeated else ""
    return f"{record.file_name} [{record.kind}{made}] {node.product_id[:ID_LETTERS]}{role}{evidence}{status}{again}"


def _label(node: LineageNode, marks: Marks) -> str:
    record, link = node.record, node.link
    if record is None:
        named = node.product_id or (link.file_name if link else "?")
        name = f"{link.file_name} " if link and node.product_id and link.file_name != node.product_id else ""
        digest = f" sha256 {link.digest}" if link and link.digest else ""
        return f"{name}{named}{digest} (not in the catalogue)"
    made = f", {record.operation}" if record.operation else ""
    digest = f" sha256 {record.digest}" if record.digest and record.kind == "archive" else ""
    role = f" as {link.role}" if link and link.role != "science" else ""
    evidence = f" (by {link.evidence})" if link and link.evidence != "exact" else ""
    status = "" if record.status == "published" else f" {record.status.upper()}"
    again = " (see above)" if node.repeated else ""
    mark = f"  <- {marks[node.product_id]}" if node.product_id in marks else ""
    return f"{record.file_name} [{record.kind}{made}] {node.product_id}{digest}{role}{evidence}{status}{again}{mark}"
