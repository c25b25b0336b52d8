"""The answers to idempotency keys, in SQL: read, written, and forgotten when their time is over.

Nothing looks for old ones by their age, which would take an index or a scan. A hand goes round over the primary
key, twice as fast as keys are added; so the table holds what is remembered, and no more than as much again.
"""

from collections.abc import Sequence
from typing import Final

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, select, text

from events.chain import hash_answer
from events.envelope import Append
from events.plan import StoredAnswer, forgotten_before
from events.sql_text import Driver, Lookup, Prepared, Values
from events.tables import idempotency_keys

LOOKED_AT_FOR_EACH: Final = 2
"""Keys that are looked at for each one that is added."""

LOOKED_AT_MIN: Final = 16
"""Keys that are looked at at once, at least."""

_KEY: Final = idempotency_keys.c.key
_ANSWER: Final = (
    _KEY,
    idempotency_keys.c.fingerprint,
    idempotency_keys.c.answer,
    idempotency_keys.c.positions,
    idempotency_keys.c.recorded_at,
)
_ANSWERS: Final = Lookup(select(*_ANSWER), _KEY)
_ADD: Final = Prepared(insert(idempotency_keys), idempotency_keys.c.keys())
# As text: SQLAlchemy would add an OFFSET, with a parameter of its own.
_NEXT: Final = Prepared(
    text(
        "SELECT key, recorded_at FROM idempotency_keys WHERE key > :after ORDER BY key LIMIT :most"
    ),
    ("after", "most"),
)
_FORGET: Final = Prepared(delete(idempotency_keys).where(bindparam("old") == _KEY), ("old",))


def find_answer(connection: Connection, key: str) -> StoredAnswer | None:
    """What an idempotency key was answered with, if it was; whether it is forgotten is the caller's question."""
    return _answers_of(Driver(connection), [key]).get(key)


class Round:
    """The hand that goes round over the keys, a few for each one that is added.

    Attributes:
        after: the last key that it looked at; empty where it begins anew.
    """

    def __init__(self) -> None:
        self.after = ""

    @staticmethod
    def most(added: int) -> int:
        """How many keys to look at when so many are added."""
        return max(LOOKED_AT_MIN, LOOKED_AT_FOR_EACH * added) if added else 0

    @staticmethod
    def next(looked_at: int, last: str | None, most: int) -> str:
        """Where to go on; from the beginning, once fewer were found than looked for."""
        return last if last is not None and looked_at == most else ""


class SqlAnswers:
    """The answers, as the one who writes them sees them; used inside the append's transaction."""

    def __init__(self) -> None:
        self._round = Round()

    def read(
        self, driver: Driver, appends: Sequence[Append], now_us: int
    ) -> dict[str, StoredAnswer]:
        """Those of the appends' keys that are remembered; what is forgotten makes room for its new answer."""
        keys = sorted({append.idempotency.key for append in appends if append.idempotency})
        found = _answers_of(driver, keys)
        old = [key for key, answer in found.items() if answer.is_forgotten(now_us)]
        _forget(driver, old)
        return {key: answer for key, answer in found.items() if key not in old}

    def write(self, driver: Driver, answers: Sequence[StoredAnswer], now_us: int) -> None:
        """Keep the new ones, and forget some of the old."""
        if not answers:
            return
        rows: list[Values] = []
        for answer in answers:
            positions = orjson.dumps(answer.positions).decode()
            row = (answer.key, answer.fingerprint, answer.answer, positions, answer.recorded_at_us)
            rows.append((*row, hash_answer(*row)))
        driver.run_all(_ADD, rows)
        self._forget_some(driver, self._round.most(len(answers)), now_us)

    def _forget_some(self, driver: Driver, most: int, now_us: int) -> None:
        rows = driver.rows(_NEXT, self._round.after, most)
        before = forgotten_before(now_us)
        _forget(driver, [key for key, recorded_at in rows if recorded_at < before])
        self._round.after = self._round.next(len(rows), rows[-1][0] if rows else None, most)


def _forget(driver: Driver, keys: Sequence[str]) -> None:
    driver.run_all(_FORGET, [(key,) for key in keys])


def _answers_of(driver: Driver, keys: Sequence[str]) -> dict[str, StoredAnswer]:
    return {
        key: StoredAnswer(key, fingerprint, answer, tuple(orjson.loads(positions)), recorded_at)
        for key, fingerprint, answer, positions, recorded_at in _ANSWERS.rows(driver, keys)
    }
