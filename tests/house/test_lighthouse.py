"""The measuring of the dashboard judges by the median, and writes its table where it belongs."""

from pathlib import Path
from typing import Any

from tests.e2e import lighthouse
from tests.e2e.lighthouse import FIGURES, FORMS, Run, missed, table


def run(form: str, **figures: float) -> Run:
    good: dict[str, Any] = {one.name: 0.01 if one.most else 100 for one in FIGURES}
    return {"form": form, "costly": [], **good, **figures}


def test_the_median_of_the_runs_is_judged() -> None:
    runs = [run(form, performance=score) for form in FORMS for score in (20, 99, 100)]
    assert list(missed(runs)) == ["desktop: Performance is 99, the goal is 100"]
    assert "| Performance | 99 | 100 | 99 | at least 95 |" in table(runs)


def test_a_layout_that_moves_misses_the_goal_of_a_phone() -> None:
    runs = [run("desktop", cls=0.06), run("phone", cls=0.05)]
    assert list(missed(runs)) == ["phone: Layout shift (CLS) is 0.05, the goal is 0.05"]


def test_the_table_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{lighthouse.BEGIN}old\n{lighthouse.END}after\n")
    lighthouse.write("new\n", page)
    assert page.read_text() == f"before\n{lighthouse.BEGIN}new\n{lighthouse.END}after\n"
