"""What can be taken away: the chart as a picture, and the events behind it as files."""

import csv
import re
import struct
from pathlib import Path

import pytest
from playwright.sync_api import Download, Locator, Page, expect

from tests.e2e.conftest import OpenTab
from tests.e2e.market import SYMBOL, shifts
from tests.e2e.server import Server

pytestmark = pytest.mark.browser

parquet = pytest.importorskip("pyarrow.parquet")
PNG = b"\x89PNG\r\n\x1a\n"


def open_menu(page: Page) -> Locator:
    panel = page.get_by_role("region", name=f"Price of {SYMBOL}")
    menu = panel.locator("details.take-away")
    if menu.get_attribute("open") is None:
        menu.get_by_text("Take away", exact=True).click()
    return menu


def take(page: Page, role: str, name: str) -> Download:
    """Open the menu and take one of its files."""
    menu = open_menu(page)
    with page.expect_download() as download:
        menu.get_by_role(role, name=name).click()  # type: ignore[arg-type]
    return download.value


def test_the_chart_is_saved_as_a_picture(past: Server, open_past: OpenTab) -> None:
    crash = shifts(past)[1]["position"]
    page = open_past(f"?symbol={SYMBOL}&position={crash}")
    expect(page.locator(".dock-hash")).to_be_visible()
    taken = take(page, "button", "Save as PNG")
    assert taken.suggested_filename == f"synapse-{SYMBOL}-2007-10-30-position-{crash}.png"
    content = Path(taken.path()).read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    assert content[:8] == PNG
    assert 400 < width < 2_000
    assert 200 < height < 1_500
    assert 5_000 < len(content) < 1_000_000


def test_the_events_are_taken_as_csv_and_parquet_and_of_the_past_only_those_until_then(
    past: Server, open_past: OpenTab
) -> None:
    page = open_past(f"?symbol={SYMBOL}")
    # The files follow what the chart shows, as soon as it rests.
    open_menu(page)
    expect(page.locator(".take-away a").first).to_have_attribute("href", re.compile("since="))
    newest = past.get(f"api/events?symbols={SYMBOL}&order=desc&limit=1000")["events"]
    rows = read_csv(take(page, "link", "CSV"))
    table = parquet.read_table(take(page, "link", "Parquet").path())
    positions = [row["position"] for row in rows]
    assert positions == [str(one) for one in table.column("position").to_pylist()]
    assert positions[:-1001:-1] == [str(one["position"]) for one in newest]
    assert rows[0]["type"] == "price_update"
    crash = shifts(past)[1]["position"]
    page.keyboard.press("[")
    page.keyboard.press("[")
    expect(page.locator(".dock-place")).to_contain_text(f"{crash:,} of")
    until = read_csv(take(page, "link", "CSV"))
    assert until[-1]["position"] == str(crash)


def read_csv(taken: Download) -> list[dict[str, str]]:
    with Path(taken.path()).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
