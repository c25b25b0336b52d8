"""docs/howto/consume-from-javascript.md: its file resumes over a broken line, and throws where a version is missing."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.docs.desk import find_node
from tests.docs.pages import ROOT, blocks_of
from tests.integration.served import Served
from tests.wires import wire_to

PAGE = "docs/howto/consume-from-javascript.md"
READER = """
import { follow } from "./follow.mjs";
const [url, symbol, last] = process.argv.slice(2);
for await (const { version } of follow(url, { channels: ["prices"], symbols: [symbol], history: "all" })) {
  console.log(version);
  if (version === Number(last)) break;
}
"""
PATIENCE_S = 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    [follow] = [
        block.text
        for block in blocks_of((ROOT / PAGE).read_text("utf-8"), PAGE)
        if block.file == "follow.mjs"
    ]
    (tmp_path / "follow.mjs").write_text(follow)
    (tmp_path / "reader.mjs").write_text(READER)
    return tmp_path


async def reader(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    node = find_node()
    if node is None:
        reason = "node is not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return await asyncio.create_subprocess_exec(
        node,
        "--experimental-websocket",
        "reader.mjs",
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def append(demo: Served, symbol: str, *days: int) -> None:
    prices = [
        {"symbol": symbol, "price": "100", "timestamp": f"2026-01-{day:02}T21:00:00Z", "bar_s": 60}
        for day in days
    ]
    answer = demo.http.post("/api/prices", json={"prices": prices})
    assert answer.status_code == 200


async def test_over_a_line_that_breaks_every_version_comes_once(folder: Path, demo: Served) -> None:
    append(demo, "JSLINE", 1, 2, 3)
    async with wire_to(demo.url) as wire, asyncio.timeout(PATIENCE_S):
        address = f"{wire.url.replace('http', 'ws')}/ws/synapse"
        program = await reader(folder, address, "JSLINE", "6")
        assert program.stdout is not None
        seen = [await program.stdout.readline() for _ in range(3)]
        wire.cut()
        await asyncio.to_thread(append, demo, "JSLINE", 4, 5, 6)
        rest, _ = await program.communicate()
    assert (b"".join(seen) + rest).split() == [b"1", b"2", b"3", b"4", b"5", b"6"]
    assert wire.opened == 2


async def test_a_version_that_is_missing_is_thrown(folder: Path) -> None:
    async def leave_one_out(connection: ServerConnection) -> None:
        await connection.recv()
        for version in (1, 3):
            event: dict[str, Any] = {"type": "price_update", "payload": {}, "stream": "prices:X"}
            await connection.send(json.dumps(event | {"version": version, "position": version}))
        await connection.wait_closed()

    async with serve(leave_one_out, "127.0.0.1", 0) as server, asyncio.timeout(PATIENCE_S):
        port = next(iter(server.sockets)).getsockname()[1]
        program = await reader(folder, f"ws://127.0.0.1:{port}", "X", "9")
        printed, said = await program.communicate()
    assert (program.returncode, printed) == (1, b"1\n")
    assert "prices:X: version 3 where 2 is due" in said.decode()
