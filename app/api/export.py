"""The log as a download: an export, sent as it is encoded, with what is known of it in the headers.

It reads on when the client has taken what came before. How many there may be, and how long one waits for its
client, see `app.api.downloads`.

An export that fails on its way must not look like a whole one: the connection is cut off before the
body's end has been told (over HTTP/1.1; an older client is told no end of any body).
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from app.analysis.export import MEDIA_TYPES, ExportFormat, FormatUnavailable
from app.api.downloads import DownloadResponse, ExportCut
from app.api.problems import ApiProblem
from app.exporting.asked import Asked
from app.exporting.engine import begin_export, file_name
from events.store import EventStore


async def export_response(
    store: EventStore,
    format_: ExportFormat,
    asked: Asked,
    ended: Callable[[], None],
    *,
    sees_all: bool,
) -> DownloadResponse:
    """Begin an export. The first page is read before anything is sent, so that a fault is a problem.

    Args:
        store: what is read.
        format_: the format.
        asked: which events.
        ended: gives its place back; it is called once, whatever becomes of it.
        sees_all: no channel is hidden from its reader; else it tells no hash of the chain.

    Raises:
        ApiProblem: 501, its format needs packages that are not installed.
        EmptyRange: it ends before it begins.
        InvalidSelection: there is no such channel or type.
        PositionBeyondHead: it begins where nothing has been recorded yet.
        StoreUnavailable: the store cannot be read.
    """
    try:
        try:
            export = await begin_export(store, format_, asked, sees_all=sees_all)
        except FormatUnavailable as error:
            raise ApiProblem(501, error.code, str(error)) from error
        chunks = export.chunks()
        first = await anext(chunks)
    except BaseException:
        ended()
        raise
    name = file_name(format_, asked, export.span)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        **export.span.headers(),
    }
    return DownloadResponse(_body(first, chunks), headers, MEDIA_TYPES[format_], ended)


async def _body(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        try:
            async for chunk in rest:
                if chunk:
                    yield chunk
        except Exception as error:
            # As itself, the error would be turned into an answer, and this one has begun already.
            raise ExportCut(f"an export was cut off: {error!r}") from error
