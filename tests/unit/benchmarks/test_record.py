"""What benchmarks record: merged by key, the same for the same content, and nothing without a file."""

import argparse
import json
from pathlib import Path

import pytest

from benchmarks.record import Recorder, Series, read, record_argument

OURS = Series("ours", "events/s", (10.0, 12.0), ours=True)
PEER = Series("peer 1.0", "events/s", (5.0, 6.0))


def recorder_of(*words: str) -> Recorder:
    parser = argparse.ArgumentParser()
    record_argument(parser)
    return Recorder.of(parser.parse_args(words))


def test_several_benchmarks_share_a_file_and_the_last_word_on_a_key_stays(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    one, other = recorder_of("--record", str(path)), Recorder(path)
    one.table("append", "Old", better="higher", series=[OURS])
    one.table("append", "Appends", better="higher", series=[OURS, PEER], says="300 bytes each.")
    other.ratio("append", "ours", "peer 1.0", [2.0, 2.0], goal=1.5)
    other.growth("start", "Start", x="events", unit="ms", xs=[1e3, 1e6], lines={"ours": [1, None]})
    other.fact("idle", "Idle memory", 98.7654321, "MB")
    found = read(path)
    assert found["tables"]["append"]["title"] == "Appends"
    assert found["tables"]["append"]["series"][1]["values"] == [5.0, 6.0]
    assert found["ratios"]["append: ours / peer 1.0"]["goal"] == 1.5
    assert found["growths"]["start"]["lines"] == {"ours": [1.0, None]}
    assert found["facts"]["idle"]["value"] == 98.7654


def test_the_same_content_is_the_same_text_in_any_order(tmp_path: Path) -> None:
    texts = []
    for number, keys in enumerate((("a", "b"), ("b", "a"))):
        path = tmp_path / f"{number}.json"
        for key in keys:
            Recorder(path).fact(key, "A word", "yes")
        texts.append(path.read_text("utf-8"))
    assert texts[0] == texts[1]


def test_without_the_option_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recorder_of().table("append", "Appends", better="higher", series=[OURS])
    Recorder.of(argparse.Namespace()).fact("a", "A word", "yes")
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_misses_a_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="each of the 2 sizes"):
        Recorder(tmp_path / "a").growth("k", "T", x="n", unit="s", xs=[1, 2], lines={"ours": [1]})


def test_what_is_no_number_is_refused_and_the_file_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    Recorder(path).fact("a", "A", 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        Recorder(path).fact("b", "B", float("nan"))
    assert list(json.loads(path.read_text("utf-8"))["facts"]) == ["a"]
