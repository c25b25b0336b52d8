"""What a server answers is read, or refused in one line."""

import httpx
import pytest

from app.check.findings import one_line
from app.check.http import CannotCheck, Http, problem

PAGE = "<!doctype html><html><head><title>Oh</title><style>\np {}</style></head><body>\n<p>no\x1b[31m\n</body>"


def test_a_foreign_text_is_one_line_without_tags_and_control_characters() -> None:
    assert one_line(PAGE) == "Oh no [31m"
    assert one_line("1 < 2 and 3 > 2\r\n\tso") == "1 < 2 and 3 > 2 so"
    assert len(one_line("x" * 1_000)) == 200


def test_a_problem_is_told_by_its_detail_or_by_what_stands_there() -> None:
    assert problem(httpx.Response(401, json={"detail": "no token"})) == "401: no token"
    assert problem(httpx.Response(502, text="Bad Gateway")) == "502: Bad Gateway"
    assert problem(httpx.Response(500)) == "500"
    assert problem(httpx.Response(501, text=PAGE)) == "501: Oh no [31m"


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


@pytest.mark.parametrize("answer", ["", "<html>\n</html>", '{"events":[1]}', "[]"])
async def test_what_is_no_page_of_a_log_is_said_to_be_none(answer: str) -> None:
    http = Http("http://test", None)
    http.client = httpx.AsyncClient(
        base_url="http://test",
        transport=httpx.MockTransport(lambda _request: httpx.Response(200, text=answer)),
    )
    with pytest.raises(CannotCheck, match="no page of a log") as refused:
        await anext(http.log(0, 1, "e", []))
    assert "\n" not in str(refused.value)
    await http.aclose()
