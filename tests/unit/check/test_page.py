"""A page of the log, character for character, and what it says of itself."""

import json

import pytest

from app.check.findings import Fault, Finding
from app.check.page import (
    PAGE_EVENTS,
    Page,
    falling_faults,
    parse_page,
    rising_faults,
    second_reading_faults,
)
from tests.unit.check.scenes import log_of

LOG = log_of(3)
EVENTS = list(LOG.events)
TEXTS = [event.text for event in EVENTS]


def text(texts: list[str]) -> str:
    return f'{{"events":[{",".join(texts)}],"epoch":"e","head":{len(texts)},"next_after":1}}'


@pytest.mark.parametrize("count", [0, 1, 6])
def test_each_event_keeps_the_very_characters_of_its_text(count: int) -> None:
    assert parse_page(text(TEXTS[:count])) == Page(EVENTS[:count], "e", count, 1, None)


def test_space_and_order_in_a_page_do_not_matter_but_those_in_an_event_are_kept() -> None:
    events = " ,\n ".join(TEXTS)
    spaced = f' {{ "head" : 6 , "epoch":"e",\r\n"more": [1, {{}}],\t"events" : [ {events} ] }} '
    assert parse_page(spaced) == Page(EVENTS, "e", 6, None, None)
    pretty = parse_page(json.dumps(json.loads(text(TEXTS)), indent=1))
    assert [event.position for event in pretty.events] == [1, 2, 3, 4, 5, 6]
    assert pretty.events[0].text != TEXTS[0]


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "[]", "{}", '{"events":[', '{"events":[1]}', '{"events":[{"position":1}]}'),
        *('{"events":7}', '{"events":[]}', '{"events":[],"epoch":"e","head":"x"}'),
        text(["{"]),
        text(TEXTS).replace('"position":1,', '"position":"1",'),
    ],
)
def test_what_is_no_page_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_page(wrong)


def rising(**changed: object) -> list[str]:
    page = Page(EVENTS[:4], "e", 6, 4, None)._replace(**changed)  # type: ignore[arg-type]
    return list(map(str, rising_faults(page, 0, "e")))


def falling(**changed: object) -> list[str]:
    page = Page(EVENTS[:2:-1], "e", 6, None, 4)._replace(**changed)  # type: ignore[arg-type]
    return list(map(str, falling_faults(page, 7, 0, "e")))


def test_a_page_that_is_true_is_accepted() -> None:
    assert rising() == falling() == []
    assert rising(events=[], next_after=6) == []
    assert falling(events=EVENTS[::-1], next_before=None) == []
    assert falling(events=[], next_before=None) == []


def test_a_page_that_says_something_untrue_is_found() -> None:
    assert rising(epoch="f") == ["the page after 0: epoch f, the log's is e"]
    assert rising(next_after=5) == ["the page after 0 ends at 4, its next_after is 5"]
    assert rising(events=[], next_after=None) == [
        "the page after 0 ends at 6, its next_after is None"
    ]
    assert falling(next_before=None) == ["the page before 7 ends at 4, its next_before is None"]
    assert falling(next_before=3) == ["the page before 7 ends at 4, its next_before is 3"]
    many = [EVENTS[0]] * (PAGE_EVENTS + 1)
    assert rising(events=many, next_after=1) == [
        "the page after 0 has 1001 events, 1000 were asked for"
    ]


def again(events: list[object]) -> list[tuple[Fault, int | None]]:
    found: list[Finding] = list(second_reading_faults(LOG, events))  # type: ignore[arg-type]
    return [(finding.fault, finding.position) for finding in found]


def test_the_log_read_from_its_end_is_the_same_log() -> None:
    fallen = EVENTS[::-1]
    assert again([*fallen]) == []
    assert again([*fallen[:2], *fallen[3:]]) == [(Fault.GAP, 4)]
    assert again([fallen[0]._replace(text="{}"), *fallen[1:]]) == [(Fault.CHANGED, 6)]
    assert again([fallen[1], fallen[0], *fallen[2:]]) == [(Fault.CLAIM, 6)]
    assert again([fallen[0]._replace(position=9), *fallen]) == [(Fault.GAP, 9), (Fault.CLAIM, 9)]
