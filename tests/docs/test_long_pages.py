"""The same for the pages that take longest."""

from collections.abc import Callable

import pytest

from tests.docs.desk import Desk
from tests.docs.test_pages import LONG, run_page


@pytest.mark.parametrize("page", LONG)
def test_every_block_of_the_page_runs(page: str, desk: Callable[[], Desk]) -> None:
    run_page(page, desk())
