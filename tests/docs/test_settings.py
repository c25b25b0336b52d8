"""docs/settings.md and the reference name every setting that there is, and none that there is not."""

import re

from app.config import Settings
from docs.generate.settings_page import FLAGS
from tests.docs.pages import ROOT

REFERENCE = ROOT / "docs" / "reference" / "settings.md"
BESIDE = ROOT / "docs" / "settings.md"
NAME = re.compile(r"`SYNAPSE_([A-Z_]+)`")


def test_every_setting_has_its_row() -> None:
    rows = [line for line in REFERENCE.read_text().splitlines() if line.startswith("| `SYNAPSE_")]
    assert [NAME.findall(row)[0].lower() for row in rows] == list(Settings.model_fields)


def test_what_is_told_beside_is_of_settings_that_there_are() -> None:
    named = {name.lower() for name in NAME.findall(BESIDE.read_text())}
    assert named
    assert named | FLAGS.keys() <= Settings.model_fields.keys()
