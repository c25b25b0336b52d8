"""What deploy/ watches for is what the server counts: alert rules and dashboard against a real scrape."""

# The parts of PromQL that these files use; promtool, where there is one, reads them all.

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from app.feeds.simulated import SimulatedFeed
from tests.integration.programs import ROOT
from tests.integration.served import AUTHORISED, PATIENCE_S, serving, subscribe
from tests.waiting import eventually

DEPLOY: Final = ROOT / "deploy"
OF_PROMETHEUS: Final = {"up": frozenset[str]()}
"""Made by the scraper, not by the server."""

LABELS_OF_PROMETHEUS: Final = {"job", "instance"}
WORDS: Final = {"by", "and", "or", "unless", "time"}
GROUPING: Final = re.compile(r"\bby\s*\(([^)]*)\)")
SELECTOR: Final = re.compile(r"\b([a-z_][a-z0-9_]*)\b(?!\s*\()(?:\{([^}]*)\})?")
LABEL: Final = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")

Labels = dict[str, frozenset[str]]


def asked(expression: str) -> tuple[dict[str, set[str]], set[str]]:
    """The metrics that an expression names, each with the labels that it selects by; and those it groups by."""
    grouped = {word.strip() for found in GROUPING.findall(expression) for word in found.split(",")}
    rest = re.sub(r"\[[^\]]*\]", "", GROUPING.sub("", expression))
    named: dict[str, set[str]] = {}
    for name, labels in SELECTOR.findall(rest):
        if name not in WORDS and not re.fullmatch(r"e\d+", name):
            named.setdefault(name, set()).update(LABEL.findall(labels))
    return named, grouped


def faults(expression: str, known: Labels) -> list[str]:
    """What an expression names that a scrape does not have."""
    named, grouped = asked(expression)
    found = [f"no metric: {name}" for name in named if name not in known]
    for name, labels in named.items():
        missing = labels - known.get(name, frozenset(labels)) - LABELS_OF_PROMETHEUS
        found += [f"{name} has no label {label}" for label in sorted(missing)]
    every = LABELS_OF_PROMETHEUS.union(*(known.get(name, grouped) for name in named))
    return found + [f"nothing there has a label {label}" for label in sorted(grouped - every)]


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((DEPLOY / "alerts.yml").read_text("utf-8"))["groups"]
    return list(group["rules"])


def queries() -> Iterator[str]:
    for panel in json.loads((DEPLOY / "grafana.json").read_text("utf-8"))["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    """Every metric of a server that has had a feed, a client who left, and a message that it refused."""
    with serving(tmp_path_factory.mktemp("watched"), [SimulatedFeed(1)]) as served:
        with connect(served.socket_url, additional_headers=AUTHORISED) as socket:
            socket.send("nonsense")
            socket.recv(PATIENCE_S)
            socket.send(subscribe("prices"))
            socket.recv(PATIENCE_S)

        def found() -> Labels:
            text = served.http.get("/metrics").text
            return {
                sample.name: frozenset(sample.labels)
                for family in text_string_to_metric_families(text)
                for sample in family.samples
            }

        eventually(lambda: "synapse_connections_closed_total" in found())
        eventually(lambda: "synapse_feed_ticks_total" in found())
        return OF_PROMETHEUS | found()


def test_every_alert_asks_for_what_is_there(known: Labels) -> None:
    found = {rule["alert"]: faults(rule["expr"], known) for rule in rules()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert len(found) > 10


def test_every_panel_asks_for_what_is_there(known: Labels) -> None:
    found = {query: faults(query.replace("$__rate_interval", "5m"), known) for query in queries()}
    assert {query: wrong for query, wrong in found.items() if wrong} == {}
    assert len(found) > 20


def test_the_dashboard_shows_every_metric_but_a_few(known: Labels) -> None:
    shown = {name for query in queries() for name in asked(query)[0]}
    ours = {
        name.removesuffix("_sum").removesuffix("_count") for name in known if "_bucket" not in name
    }
    left_out = {name for name in ours if name.startswith("synapse_") and name not in shown}
    assert {name for name in left_out if f"{name}_bucket" not in shown} == {
        "synapse_connections_opened_total",
        "synapse_lagging_total",
        "synapse_parked_total",
        "synapse_projection_position",
        "synapse_unparked_total",
    }


def test_an_alert_says_what_it_is_and_what_follows() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}, rule["alert"]
        assert rule["annotations"].keys() == {"summary", "description"}, rule["alert"]


def test_the_page_names_every_alert() -> None:
    page = (ROOT / "docs/deploy.md").read_text("utf-8")
    assert [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in page] == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("sum by (instance) (rate(a_total{way='ws'}[5m])) > 1.5e9", []),
        ("a_totl == 1", ["no metric: a_totl"]),
        ("a_total{wya='ws'} == 1", ["a_total has no label wya"]),
        ("sum by (phase) (a_total)", ["nothing there has a label phase"]),
        ("a_total / b", ["no metric: b"]),
    ],
)
def test_planted_faults_are_found(expression: str, fault: list[str]) -> None:
    assert faults(expression, {"a_total": frozenset({"way"})}) == fault


@pytest.mark.parametrize(
    "command", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")]
)
def test_prometheus_own_tool_agrees(command: tuple[str, ...]) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (Debian: the package prometheus)")
    done = subprocess.run([tool, *command], cwd=DEPLOY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
