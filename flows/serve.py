"""Serve the flows of this project to a Prefect server: its forms start runs in processes of this machine."""

from prefect import serve

from flows.process_target import process_target

__all__ = ["DEPLOYMENT", "main"]

DEPLOYMENT = "here"
"""Name of the deployments that a serving process registers."""


def main() -> None:
    """Serve until a signal ends it."""
    serve(
        process_target.to_deployment(  # type: ignore[arg-type]
            name=DEPLOYMENT,
            description="From a sky target to a colour mosaic, on this machine.",
            tags=["mission:jwst", "kind:process"],
        ),
        pause_on_shutdown=False,
        print_starting_message=False,
        limit=2,
    )


if __name__ == "__main__":
    main()
