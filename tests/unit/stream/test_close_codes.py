"""The codes that a socket ends with: the page names each, and who may come back follows from the number."""

import re
from pathlib import Path

import pytest

from app.client.limits import is_final_close
from app.client.refusals import HINTS
from app.stream.asyncapi import asyncapi_document
from app.stream.close_codes import CLOSE_CODES, CLOSE_FINAL, CLOSE_TOO_BIG, COUNTED_CODES

WIRE = Path(__file__).resolve().parents[3] / "docs/protocol.md"


@pytest.mark.parametrize("code", CLOSE_CODES)
def test_the_page_names_it(code: int) -> None:
    told = next(
        part
        for part in WIRE.read_text(encoding="utf-8").split("\n\n")
        if part.startswith("Close codes:")
    )
    assert re.search(rf"\b{code}\b", told), f"{code} is not among the close codes of the page"


def test_the_contract_names_all_of_them() -> None:
    channel = asyncapi_document("0")["channels"]["synapse"]
    told = {one["code"]: one["meaning"] for one in channel["x-close-codes"]}
    assert told == dict(CLOSE_CODES)


def test_each_is_counted_on_its_own() -> None:
    assert set(CLOSE_CODES) < COUNTED_CODES


def test_who_is_told_not_to_come_back_is_so_by_the_number() -> None:
    told = {code for code, meaning in CLOSE_CODES.items() if "do not come back" in meaning}
    assert told < set(CLOSE_FINAL)
    final = {code for code in CLOSE_CODES if is_final_close(code)}
    assert final == {*CLOSE_CODES} & {*CLOSE_FINAL} | {CLOSE_TOO_BIG}
    assert {code for code in final if code in CLOSE_FINAL} <= set(HINTS)
