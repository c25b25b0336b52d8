"""Exports for tests: a log in memory, and its events in files."""

import asyncio
from pathlib import Path
from typing import Any

from app.analysis.export import ExportFormat
from app.exporting.asked import Asked
from app.exporting.engine import SUFFIXES
from app.exporting.manifest import Kept, manifest_place
from app.exporting.save import Target, save
from app.exporting.sources import StoreSource
from events.envelope import Append
from events.memory_store import MemoryEventStore
from tests.unit.analysis.samples import PAYLOADS
from tests.unit.events.builders import new, price


async def a_log(events: int = 20) -> MemoryEventStore:
    """A log with one event of every type, and then prices."""
    store = MemoryEventStore()
    payloads = [*PAYLOADS, *[price("SPX", str(50 + number), number) for number in range(events)]]
    await store.append([Append(tuple(new(payload) for payload in payloads[:events]))])
    return store


async def exported(
    folder: Path, format_: ExportFormat, store: Any, name: str = "log", **asked: Any
) -> Kept:
    """An export in a folder, with its manifest."""
    file = folder / f"{name}.{SUFFIXES[format_]}"
    await save(StoreSource(store), Asked(**asked), Target(file, format_, force=True))
    return await asyncio.to_thread(Kept.load, manifest_place(file))
