"""Programs that the documentation calls and a machine may lack: curl, sqlite3 and duckdb, as far as it uses them.

Run as `python stand_ins.py PROGRAM ARGUMENTS`. Strict: an option that is not known here is an error.
"""

import argparse
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

PATIENCE_S = 20
STREAM_ENDS = b"event: caught_up"
"""Of an answer without end as much is read as there is at first: the past, up to this line."""
HTTP_ERROR = 22


def curl(arguments: list[str]) -> int:
    """GET or send, and print what comes."""
    options = argparse.ArgumentParser("curl", allow_abbrev=False)
    for flag in ("-s", "-S", "-N", "-i", "-f", "-L", "-O", "-J"):
        options.add_argument(flag, action="store_true")
    options.add_argument("-X")
    options.add_argument("-d", "--data")
    options.add_argument("-H", action="append", default=[])
    options.add_argument("-o")
    options.add_argument("-D")
    options.add_argument("url")
    # As curl reads them: -OJ is -O -J.
    given = options.parse_args(arguments)
    url = given.url if "//" in given.url else f"http://{given.url}"
    if re.search(r"[\[\]{}]", url):
        raise SystemExit("curl: brackets and braces in an address are patterns")
    headers = dict(line.split(": ", 1) for line in given.H)
    request = urllib.request.Request(url, method=given.X, headers=headers)
    if given.data is not None:
        request.data = _body(given.data)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return _print(answer, given)
    except urllib.error.HTTPError as error:
        sys.stdout.write(error.read().decode())
        return HTTP_ERROR  # as with --fail: an example that is refused is none


def _body(data: str) -> bytes:
    if data == "@-":
        return sys.stdin.buffer.read()
    return Path(data[1:]).read_bytes() if data.startswith("@") else data.encode()


def _print(answer: IO[bytes], given: argparse.Namespace) -> int:
    headers = answer.headers  # type: ignore[attr-defined]  # an HTTP response has them
    if given.D:
        Path(given.D).write_text(str(headers))
    if given.i:
        sys.stdout.write(str(headers))
    if given.N:
        return _stream(answer)
    name = given.o
    if given.O:
        found = re.search(r'filename="([^"/]+)"', headers.get("Content-Disposition", ""))
        name = found[1] if given.J and found else given.url.split("?")[0].rsplit("/", 1)[-1]
    if name:
        Path(name).write_bytes(answer.read())
    else:
        sys.stdout.buffer.write(answer.read())
    return 0


def _stream(answer: IO[bytes]) -> int:
    for line in answer:
        sys.stdout.buffer.write(line)
        if line.startswith(STREAM_ENDS):
            break
    return 0


def sqlite3(arguments: list[str]) -> int:
    """Print what a question brings, tabs between."""
    import sqlite3 as engine
    from contextlib import closing

    options = argparse.ArgumentParser("sqlite3", allow_abbrev=False)
    for flag in ("-readonly", "-box", "-header", "-csv", "-json"):
        options.add_argument(flag, action="store_true")
    options.add_argument("file")
    options.add_argument("question")
    given = options.parse_args(arguments)
    uri = f"{Path(given.file).resolve().as_uri()}?mode={'ro' if given.readonly else 'rw'}"
    with closing(engine.connect(uri, uri=True)) as connection:
        for row in connection.execute(given.question):
            print(*row, sep="\t")
    return 0


def duckdb(arguments: list[str]) -> int:
    """Print what `-c SQL` brings."""
    import duckdb as engine  # type: ignore[import-not-found, unused-ignore]

    options = argparse.ArgumentParser("duckdb", allow_abbrev=False)
    options.add_argument("-c", required=True)
    print(engine.sql(options.parse_args(arguments).c))
    return 0


PROGRAMS = {"curl": curl, "sqlite3": sqlite3, "duckdb": duckdb}

if __name__ == "__main__":
    sys.exit(PROGRAMS[sys.argv[1]](sys.argv[2:]))
