"""The dashboard's files travel as the build compressed them, to whoever takes them so."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.api import dashboard
from app.api.dashboard import accepted_encodings
from tests.integration.served import Served, serving

SCRIPT = "x" * 5_000
# Not brotli: what is read is the file that lies there, and no decoder of it is needed.
BROTLI = b"as the build left it"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<p>the dashboard")
    (static / "index.html.gz").write_bytes(gzip.compress(b"<p>the dashboard"))
    script = static / "assets" / "app-1a2b.js"
    script.write_text(SCRIPT)
    script.with_name("app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    script.with_name("app-1a2b.js.br").write_bytes(BROTLI)
    (static / "assets" / "alone.js").write_text("1")
    monkeypatch.setattr(dashboard, "STATIC", static)
    with serving(tmp_path) as running:
        yield running


def raw(served: Served, path: str, accepted: str) -> tuple[str | None, bytes, str]:
    """The encoding, the bytes as they travelled, and the type."""
    with served.http.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
        content = b"".join(answer.iter_raw())
        assert answer.status_code == 200
        assert answer.headers["vary"] == "Accept-Encoding"
        assert int(answer.headers["content-length"]) == len(content)
        return answer.headers.get("content-encoding"), content, answer.headers["content-type"]


def test_each_asker_gets_the_best_that_it_takes(served: Served) -> None:
    script = "/assets/app-1a2b.js"
    encoding, content, kind = raw(served, script, "gzip, deflate, br")
    assert (encoding, content) == ("br", BROTLI)
    assert kind.startswith("text/javascript")
    encoding, content, kind = raw(served, script, "gzip, br;q=0")
    assert (encoding, gzip.decompress(content).decode()) == ("gzip", SCRIPT)
    assert kind.startswith("text/javascript")
    assert raw(served, script, "identity")[:2] == (None, SCRIPT.encode())
    assert raw(served, "/assets/alone.js", "gzip, br")[:2] == (None, b"1")
    encoding, content, kind = raw(served, "/", "gzip")
    assert (encoding, gzip.decompress(content)) == ("gzip", b"<p>the dashboard")
    assert kind.startswith("text/html")


def test_a_compressed_file_that_is_asked_for_itself_is_no_script(served: Served) -> None:
    for ending in ("br", "gz"):
        asked = raw(served, f"/assets/app-1a2b.js.{ending}", "gzip, br")
        assert (asked[0], asked[2]) == (None, "application/octet-stream")


def test_a_copy_that_is_still_good_is_not_sent_again(served: Served) -> None:
    known = served.http.get("/").headers["etag"]
    again = served.http.get("/", headers={"If-None-Match": known})
    assert (again.status_code, again.content) == (304, b"")
    plain = {"If-None-Match": known, "Accept-Encoding": "identity"}
    assert served.http.get("/", headers=plain).status_code == 200


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", {""}),
        ("gzip, deflate, BR", {"gzip", "deflate", "br"}),
        ("gzip;q=0, br; q=0.000, deflate;q=0.5", {"deflate"}),
        ("*;q=0.1", {"*"}),
    ],
)
def test_what_is_ruled_out_is_not_accepted(header: str, accepted: set[str]) -> None:
    assert accepted_encodings(header) == accepted
