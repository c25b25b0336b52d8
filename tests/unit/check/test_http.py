"""A page of the log, character for character."""

import httpx
import pytest

from app.check.http import CannotCheck, Http, page_events, problem
from tests.unit.check.scenes import log_of

LOG = log_of(3)
TEXTS = [event.text for event in LOG.events]


def page(texts: list[str]) -> str:
    return f'{{"events":[{",".join(texts)}],"epoch":"e","head":{len(texts)},"next_after":1}}'


@pytest.mark.parametrize("count", [0, 1, 6])
def test_each_event_keeps_the_very_characters_of_its_text(count: int) -> None:
    events = page_events(page(TEXTS[:count]))
    assert events == list(LOG.events[:count])


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"events":[', '{"events":[1]}', '{"events":[{"position":1}]}', page(["{"])],
)
def test_what_is_no_page_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(CannotCheck, match="no page of a log"):
        page_events(text)


def test_a_problem_is_told_by_its_detail_or_by_what_stands_there() -> None:
    assert problem(httpx.Response(401, json={"detail": "no token"})) == "401: no token"
    assert problem(httpx.Response(502, text="Bad Gateway")) == "502: Bad Gateway"
    assert problem(httpx.Response(500)) == "500"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, text="<html>"), "no JSON"),
        (httpx.Response(200, text="[]"), "no object"),
        (httpx.Response(200, json={}), "does not answer as a Synapse server does"),
        (httpx.Response(404, json={"detail": "nothing here"}), "404: nothing here"),
    ],
)
async def test_what_is_no_synapse_server_is_said_to_be_none(
    answer: httpx.Response, said: str
) -> None:
    http = Http("http://test", None)
    http.client = httpx.AsyncClient(
        base_url="http://test", transport=httpx.MockTransport(lambda _request: answer)
    )
    with pytest.raises(CannotCheck, match=said):
        await http.head()
    await http.aclose()
