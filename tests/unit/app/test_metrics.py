"""What is counted: plain numbers, in buckets that Prometheus can read."""

from app.metrics import OTHER_CODE, Histogram, StreamMetrics, Way
from app.stream.close_codes import CLOSE_CODES


def test_a_duration_falls_into_the_first_bucket_that_holds_it() -> None:
    histogram = Histogram((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(seconds)
    assert histogram.cumulative() == [("0.1", 2), ("1.0", 3), ("+Inf", 4)]
    assert histogram.total == 7.65


def test_who_is_connected_is_counted_by_way() -> None:
    metrics = StreamMetrics()
    metrics.connection_opened(Way.WS)
    metrics.connection_opened(Way.WS)
    metrics.connection_opened(Way.REPLAY)
    metrics.connection_closed(Way.WS, 1012)
    assert (metrics.open[Way.WS], metrics.open[Way.REPLAY], metrics.open[Way.SSE]) == (1, 1, 0)
    assert metrics.opened[Way.WS] == 2
    assert metrics.closed == {(Way.WS, "1012"): 1}


def test_codes_that_clients_make_up_are_one_label() -> None:
    metrics = StreamMetrics()
    for code in range(3000, 5000):
        metrics.connection_opened(Way.WS)
        metrics.connection_closed(Way.WS, code)
    named = [code for code in CLOSE_CODES if code >= 3000]
    assert len(metrics.closed) == len(named) + 1
    assert metrics.closed[Way.WS, OTHER_CODE] == 2000 - len(named)


def test_every_code_that_the_contract_names_has_its_own_label() -> None:
    metrics = StreamMetrics()
    for code in CLOSE_CODES:
        metrics.connection_opened(Way.WS)
        metrics.connection_closed(Way.WS, code)
    assert set(metrics.closed) == {(Way.WS, str(code)) for code in CLOSE_CODES}


def test_deliveries_and_trouble_are_added_up() -> None:
    metrics = StreamMetrics()
    metrics.delivered(3, 900)
    metrics.delivered(1, 300)
    metrics.conflated(5)
    metrics.parked()
    metrics.parked()
    metrics.unparked()
    metrics.lagging()
    metrics.refused("malformed_json")
    metrics.delivery_seconds(0.002)
    assert (metrics.delivered_events, metrics.delivered_bytes) == (4, 1200)
    assert (metrics.conflated_events, metrics.parkings, metrics.unparkings) == (5, 2, 1)
    assert (metrics.laggings, metrics.refusals["malformed_json"]) == (1, 1)
    assert metrics.delivery.total == 0.002
