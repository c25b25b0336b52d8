"""A replay as it is written plainly: `python replay_plain.py EVENTS`, a server that obeys as stream_peers.py says.

SQLAlchemy's ORM over SQLite, a page of rows at a time; a pydantic model of each row, its payload typed;
`model_dump_json`; FastAPI's `send_text`; uvicorn with its defaults. The table is filled before it listens.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fastapi import FastAPI, WebSocket
from pydantic import BaseModel, ConfigDict
from sqlalchemy import JSON, DateTime, Engine, create_engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.peers import fresh_folder
from benchmarks.stream_peers import fresh_text, obey, run, serve_asgi

PAGE = 500


class Base(DeclarativeBase):
    """The tables."""


class EventRow(Base):
    """One event, a column a field."""

    __tablename__ = "events"
    position: Mapped[int] = mapped_column(primary_key=True)
    msg_id: Mapped[str]
    type: Mapped[str]
    payload: Mapped[dict[str, object]] = mapped_column(JSON)
    timestamp: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    stream: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    source: Mapped[str]


class Price(BaseModel):
    """The payload."""

    timestamp: datetime
    symbol: str
    price: Decimal
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    volume: Decimal | None
    bar_s: int | None
    corrects: str | None


class Message(BaseModel):
    """The message."""

    model_config = ConfigDict(from_attributes=True)

    msg_id: str
    type: str
    payload: Price
    direction: Literal["s2c"] = "s2c"
    timestamp: datetime
    position: int
    stream: str
    version: int
    occurred_at: datetime
    source: str


def fill(engine: Engine, count: int) -> None:
    """As many rows as asked for."""
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        for first in range(1, count + 1, 10_000):
            rows = [row(number) for number in range(first, min(first + 10_000, count + 1))]
            connection.execute(insert(EventRow), rows)


def row(number: int) -> dict[str, object]:
    """One event's columns."""
    fields: dict[str, object] = json.loads(fresh_text())
    del fields["direction"]
    at = datetime(2026, 1, 16, 12, tzinfo=UTC) + timedelta(minutes=number)
    times = {"timestamp": at + timedelta(microseconds=number), "occurred_at": at}
    return fields | times | {"position": number, "version": number}


def pages(session: Session) -> Iterator[list[EventRow]]:
    """All rows, a page at a time."""
    after = 0
    while True:
        query = select(EventRow).where(EventRow.position > after).order_by(EventRow.position)
        page = list(session.scalars(query.limit(PAGE)))
        if not page:
            return
        yield page
        after = page[-1].position
        session.expunge_all()


async def serve(count: int) -> None:
    """Serve the replay to whoever says a word."""
    app = FastAPI()
    with fresh_folder() as folder:
        engine = create_engine(f"sqlite:///{folder}/plain.db")
        fill(engine, count)

        @app.websocket("/")
        async def replay(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.receive_text()
            with Session(engine) as session:
                for page in pages(session):
                    for row in page:
                        await websocket.send_text(Message.model_validate(row).model_dump_json())
            await websocket.receive()

        await serve_asgi(app, obey(lambda _burst: asyncio.sleep(0), lambda: 0))
        engine.dispose()


if __name__ == "__main__":
    run(serve(int(sys.argv[1])))
