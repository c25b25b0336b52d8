"""A server that says back whatever it is sent, over the very protocol that the real one speaks.

What the Autobahn suite's fuzzing client needs: ours answers messages of its own only. Run as
`python -m tests.fuzz.echo_server`; the address is the first line that it prints.
"""

import asyncio
from contextlib import suppress
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from app.serving import bind, configure_logs
from app.stream.direct import EXTENSION, DirectHttpProtocol, DirectProtocol, DirectTransport
from app.stream.transport import ClientGone

MESSAGE_BYTES_MAX: Final = 17 * 2**20
"""Beyond the suite's largest message, which has 16 MiB; the real server takes 64 KiB."""


async def echo(websocket: WebSocket) -> None:
    """Text goes back as the frames that viewers get, past ASGI; bytes go back through it."""
    await websocket.accept()
    wire = DirectTransport(websocket, websocket.scope["extensions"][EXTENSION])
    with suppress(ClientGone):
        while (message := await wire.receive()) is not None:
            if isinstance(message, str):
                await wire.send(message)
            else:
                await websocket.send_bytes(message)


async def serve() -> None:
    """Serve on a free port until the process is ended."""
    listener = bind("127.0.0.1", 0)
    config = uvicorn.Config(
        Starlette(routes=[WebSocketRoute("/{path:path}", echo)]),
        log_config=None,
        access_log=False,
        http=DirectHttpProtocol,
        ws=DirectProtocol,
        ws_max_size=MESSAGE_BYTES_MAX,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
    )
    print(f"ws://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await uvicorn.Server(config).serve([listener])


if __name__ == "__main__":
    configure_logs("console", "warning")
    asyncio.run(serve())
