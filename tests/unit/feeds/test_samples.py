"""The shipped samples are complete, and every row of them is a valid bar."""

from importlib.resources import files

import pytest

from app.feeds.samples import SAMPLES


@pytest.mark.parametrize("symbol", ["SPX", "IXIC"])
def test_every_row_is_a_valid_bar(symbol: str) -> None:
    bars = list(SAMPLES[symbol].bars())
    assert len(bars) == 5_031
    assert {bar.symbol for bar in bars} == {symbol}
    assert (bars[0].timestamp.year, bars[-1].timestamp.year) == (1999, 2018)
    assert all(bar.open is not None and bar.volume is not None for bar in bars)


def test_every_file_has_its_provenance() -> None:
    text = (files("app.feeds.samples") / "PROVENANCE.md").read_text(encoding="utf-8")
    shipped = {
        entry.name for entry in files("app.feeds.samples").iterdir() if entry.name.endswith(".csv")
    }
    assert shipped == {sample.file for sample in SAMPLES.values()}
    assert all(f"`{name}`" in text for name in shipped)
