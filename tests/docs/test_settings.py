"""docs/settings.md names every setting that there is, and none that there is not."""

import re
from pathlib import Path

from app.config import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_every_setting_has_its_row() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `SYNAPSE_")]
    named = {name for row in rows for name in re.findall(r"`SYNAPSE_([A-Z_]+)`", row.split("|")[1])}
    assert named == {name.upper() for name in Settings.model_fields}
