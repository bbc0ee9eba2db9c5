"""Pass the two dashboards on to this machine: the only part with published ports, and it can do nothing else.

    python -m jwstpipe.deployments.forward PORT=HOST:PORT...

The servers behind it stand on networks without a way out. Bytes pass as they are: passwords are asked by the servers.
"""

import asyncio
import contextlib
import sys
from collections.abc import Sequence

__all__ = ["main", "serve"]

PIECE = 1 << 16


async def serve(routes: Sequence[tuple[int, str, int]], *, host: str = "0.0.0.0") -> None:  # noqa: S104 - a container's
    """Listen on each port and pass connections on, for ever."""
    servers = []
    for port, target, target_port in routes:

        async def connected(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to: tuple[str, int] = (target, target_port)
        ) -> None:
            try:
                far_reader, far_writer = await asyncio.open_connection(*to)
            except OSError:
                writer.close()
                return
            await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))

        servers.append(await asyncio.start_server(connected, host, port))
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


def main(words: Sequence[str] | None = None) -> int:
    """Run as a command."""
    routes = []
    for word in sys.argv[1:] if words is None else words:
        port, _, target = word.partition("=")
        name, _, number = target.rpartition(":")
        if not (port.isdigit() and name and number.isdigit()):
            sys.stderr.write(f"not PORT=HOST:PORT: {word}\n")
            return 2
        routes.append((int(port), name, int(number)))
    asyncio.run(serve(routes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
