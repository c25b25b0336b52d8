from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config import Settings
from app.lane_names import LANES_MAX, LaneError, joined_lanes, parse_lanes


def test_lanes_are_read_in_order_and_may_have_spaces_around_them() -> None:
    assert parse_lanes("") == {}
    found = parse_lanes(" sma200 = a=b.db; jump=/data/jump.db ;")
    assert list(found.items()) == [("sma200", Path("a=b.db")), ("jump", Path("/data/jump.db"))]
    assert parse_lanes("x=~/x.db")["x"] == Path.home() / "x.db"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "NAME=FILE"),
        ("x=", "NAME=FILE"),
        ("=x.db", "no name of a lane"),
        ("a b=x.db", "no name of a lane"),
        (f"{'a' * 65}=x.db", "up to 64"),
        ("x=a.db;x=b.db", "two lanes are called 'x'"),
        (";".join(f"l{n}=x.db" for n in range(LANES_MAX + 1)), f"there may be {LANES_MAX}"),
    ],
)
def test_what_names_no_lanes_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(LaneError, match=says) as refused:
        parse_lanes(text)
    assert "\n" not in str(refused.value)
    with pytest.raises(ValidationError, match=says):
        Settings.model_validate({"lanes": text})


def test_lanes_of_the_command_line_become_the_setting() -> None:
    specs = [f"l{n}=x{n}.db" for n in range(LANES_MAX)]
    assert Settings.model_validate({"lanes": joined_lanes(specs)}).lanes == ";".join(specs)
    with pytest.raises(LaneError, match="rename the file"):
        joined_lanes(["x=a;b.db"])
    with pytest.raises(LaneError, match="NAME=FILE"):
        joined_lanes(["x"])
