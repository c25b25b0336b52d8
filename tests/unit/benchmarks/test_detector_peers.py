"""The packages beside our detectors: they are read online, and a package that wins is told."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import detector as report
from benchmarks import detector_peers, detector_tables
from benchmarks.detector_measures import measure, truth_of
from benchmarks.detector_packages import averaged, features
from benchmarks.detector_record import COMPARED, HINDSIGHT, record_index
from benchmarks.record import Recorder, read
from tests.unit.market.detector_runs import spx


def test_the_frozen_hidden_markov_model_knows_the_past_only() -> None:
    made = detector_peers.readers(detector_peers.kept())
    look = made[detector_peers.HMM_PACKAGE.name]
    closes = spx(400)
    assert look(closes)[:250] == look(closes[:250])


def test_an_average_weighs_each_value_half_as_much_a_half_life_later() -> None:
    assert averaged(np.array([8.0, 0.0, 2.0]), 1).tolist() == pytest.approx([8.0, 8 / 3, 16 / 7])


def test_nine_features_look_back_only() -> None:
    closes = spx(300)
    assert features(closes).shape == (300, 9)
    assert np.array_equal(features(closes)[:200], features(closes[:200]), equal_nan=True)


def test_only_the_default_detector_is_ours_and_hindsight_is_a_limit(tmp_path: Path) -> None:
    truth = truth_of("S&P 500", spx(600))
    hold = measure(truth, report.held(truth), 0.0)
    measured = dict.fromkeys(
        (detector_tables.OURS, "jump", f"x{HINDSIGHT}", detector_tables.HOLD), hold
    )
    path = tmp_path / "r.json"
    record_index(Recorder(path), "d", truth.name, measured)
    tables = read(path)["tables"]
    assert len(tables) == len(COMPARED)
    rows = tables["d.00"]["series"]
    assert [(row["ours"], row["limit"]) for row in rows] == [
        (True, False),
        (False, False),
        (False, True),
        (False, False),
    ]
    assert tables["d.01"]["series"][-1]["values"] == []
