"""The command of an operation that has none of its own; each is an attribute of this module by its name in Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from jwstpipe.cli.arguments import Image, Images, Json, Overwrite, output_option
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.working import working
from jwstpipe.operations.registry import LISTED, operation_named

__all__ = ["operation_command"]


def operation_command(name: str) -> Callable[..., None]:
    """Make the command of an operation: its images, its output, and an option for each of its options."""
    operation, line = operation_named(name), LISTED[name]
    images_kind: Any = Images if operation.several else Image
    forms = "|".join(f"OUT{form}" for form in operation.forms)

    def command(
        context: typer.Context,
        images: images_kind,
        *,
        out: Annotated[Path, output_option(forms, "what to make")],
        options: Any,
        overwrite: Overwrite = False,
        as_json: Json = False,
    ) -> None:
        from jwstpipe.api.operations import verb

        with working(context) as means:
            made = verb(name)(images, out, options=options, overwrite=overwrite, **means)
        rows, columns = made.shape or (None, None)
        if as_json:
            facts = {"product_id": made.product_id, "bytes": made.file_size, "sha256": made.digest, "notes": made.notes}
            json_data({"path": str(out), "width": columns, "height": rows, **facts})
            return
        data(f"{out}: {columns} x {rows} px, {made.file_size or 0:,} bytes")
        for note in made.notes:
            remark(f"note: {note}")

    command.__name__ = line.word
    form = operation.forms[0]
    made = f"jwstpipe {line.word.replace('_', '-')} image.{'fits' if form != '.fits' else 'zarr'} -o out{form}"
    command.__doc__ = f"{line.summary}\n\nExamples: {made}; {made} --overwrite --json"
    return request_options(operation.request, into="options")(command)


def __getattr__(word: str) -> Callable[..., None]:
    name = next((line.name for line in LISTED.values() if line.word == word), None)
    if name is None:
        raise AttributeError(f"module {__name__!r} has no command {word!r}")
    return operation_command(name)
