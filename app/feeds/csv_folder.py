"""A folder of CSV files: which files it holds, and the symbol that each one is of."""

import re
from pathlib import Path
from typing import Final

from app.feeds.base import FeedSpecError
from events.scalars import SYMBOL_PATTERN

FOLDER_FILES_MAX: Final = 500
"""CSV files in one folder: all of them are open while they are played."""


def symbol_of(path: Path) -> str:
    """The symbol that a file is of: its name in capitals, without `.csv`.

    Raises:
        FeedSpecError: the name is no symbol.
    """
    symbol = path.stem.upper()
    if not re.fullmatch(SYMBOL_PATTERN, symbol):
        raise FeedSpecError(
            f"{path} names no symbol: a file is named after its symbol, with letters, digits and"
            " . _ : ^ = -, such as spx.csv"
        )
    return symbol


def files_in(folder: Path) -> dict[str, Path]:
    """The folder's `*.csv` files by symbol, in the order of the symbols; folders in it are left out.

    Raises:
        FeedSpecError: there is none, there are more than `FOLDER_FILES_MAX`, one is named after no
            symbol, or two are named after the same one.
    """
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".csv" and p.is_file())
    if not paths:
        raise FeedSpecError(f"there is no .csv file in {folder}")
    if len(paths) > FOLDER_FILES_MAX:
        raise FeedSpecError(f"{folder} holds {len(paths)} CSV files, at most {FOLDER_FILES_MAX}")
    files: dict[str, Path] = {}
    for path in paths:
        symbol = symbol_of(path)
        if symbol in files:
            raise FeedSpecError(f"{files[symbol]} and {path} are both of {symbol}")
        files[symbol] = path
    return dict(sorted(files.items()))
