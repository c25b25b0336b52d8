"""The story of 2008 says what its script prints, and its picture is the one that is drawn.

That the page shows the whole print, tests/docs/test_pages.py sees to.
"""

import re
import subprocess
import sys
from calendar import month_name
from datetime import datetime
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

PAGE = "docs/crash-of-2008.md"
SCRIPT = ROOT / "docs/examples/crash_2008.py"
DAY = re.compile(rf"\d{{1,2}} (?:{'|'.join(month_name[1:])}) \d{{4}}")
FIGURE = re.compile(r"\d{4}-\d\d-\d\d|\d+,\d{3}(?:\.\d+)?|\d[\d,]*\.\d+%?|\d+%")


@pytest.fixture(scope="module")
def told(sample_log: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the script prints, and its picture."""
    picture = tmp_path_factory.mktemp("crash") / "crash.png"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(sample_log), "--picture", str(picture)],
        env={"PYTHONPATH": str(ROOT), "HOME": str(picture.parent), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, picture


def test_without_matplotlib_it_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['matplotlib'] = None")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "no.db"],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "the picture needs matplotlib: pip install matplotlib\n"


def test_every_figure_of_the_story_is_one_that_was_printed(told: tuple[str, Path]) -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    story, _, _ = page.partition("```")
    days = [
        datetime.strptime(f"{day} +0000", "%d %B %Y %z").date().isoformat()
        for day in DAY.findall(story)
    ]
    figures = [*FIGURE.findall(story), *days]
    assert len(figures) > 40
    assert len(days) > 10
    # A fall is printed with its sign, and told in words.
    assert [each for each in figures if each not in told[0]] == []


def test_the_picture_is_a_picture_and_so_is_the_one_that_is_shown(told: tuple[str, Path]) -> None:
    from matplotlib.image import imread

    shown = ROOT / "docs/images/crash_2008.png"
    drawn, kept = (imread(str(path)) for path in (told[1], shown))
    assert drawn.shape == kept.shape == (988, 1560, 4)
    # Colours, hatches and lines, not an empty sheet; and of the same things, whatever the fonts are.
    assert len({tuple(pixel) for pixel in drawn[::7, ::7].reshape(-1, 4)}) > 50
    assert abs(drawn - kept).mean() < 0.05
