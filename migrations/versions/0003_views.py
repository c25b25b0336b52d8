"""Views for people who ask in SQL: v_regimes, v_trades, v_episodes (docs/sql.md).

The program itself reads none of them. This file is the one source of their text, made for both databases from one
template; `verify` holds a log's views against it to the letter, so another text is another migration. They read
payloads as they are stored: who raises the schema version of `regime_update`, `price_update` or
`trade_execution` makes them anew.

Revision: 0003
Revises: 0002
"""

import re
from collections.abc import Mapping
from typing import Final

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_YEAR_0_US: Final = 62_167_219_200_000_000
"""Microseconds from the year 0 to 1970: added, no time is negative, and a remainder is that of its second."""

_REST: Final = f"(({{0}} + {_YEAR_0_US}) % 1000000)"

# What the templates below name in braces: {0} is the word after the name, {1} the same with commas for points.
# SQLite: a cast gives each column its type (from 3.41 on also where it is described).
_SQLITE: Final = {
    "text": "CAST(json_extract(e.payload, '$.{0}') AS TEXT)",
    "real": "CAST(json_extract(e.payload, '$.{0}') AS REAL)",
    "flag": "CAST(json_extract(e.payload, '$.{0}') AS INTEGER)",
    "not": "NOT json_extract(e.payload, '$.{0}')",
    "price": "CAST(json_extract({0}.payload, '$.price') AS TEXT)",
    "number": "CAST({0} AS REAL)",
    "time": f"strftime('%Y-%m-%dT%H:%M:%S', ({{0}} - {_REST}) / 1000000, 'unixepoch')"
    f" || printf('.%06dZ', {_REST})",
}
_POSTGRES: Final = {
    "text": "(e.payload::json #>> '{{{1}}}')",
    "real": "(e.payload::json #>> '{{{1}}}')::double precision",
    "flag": "(e.payload::json ->> '{0}')::boolean",
    "not": "NOT (e.payload::json ->> '{0}')::boolean",
    "price": "({0}.payload::json ->> 'price')",
    "number": "{0}::double precision",
    "time": "to_char(timestamp '1970-01-01' + {0} * interval '1 microsecond',"
    """ 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
}
_FRAGMENT: Final = re.compile(r"\{(\w+) ([\w.]+)\}")

_DATED: Final = """
    e.position,
    e.version,
    s.name AS stream,
    {text timestamp} AS occurred_at,
    e.occurred_at AS occurred_us,
    {time e.recorded_at} AS recorded_at,
    e.recorded_at AS recorded_us"""

_REGIMES: Final = """
SELECT{dated},
    substr(s.name, 8) AS symbol,
    {text regime} AS regime,
    {text previous_regime} AS previous_regime,
    {real confidence} AS confidence,
    {real probabilities.BULL} AS probability_bull,
    {real probabilities.BEAR} AS probability_bear,
    {real probabilities.CRASH} AS probability_crash,
    {real probabilities.SIDEWAYS} AS probability_sideways,
    {text strategy_recommendation} AS strategy_recommendation,
    {real target_exposure} AS target_exposure,
    {text features} AS features,
    {text detector.name} AS detector_name,
    {text detector.version} AS detector_version,
    {text detector.constants_hash} AS detector_constants_hash,
    {flag warming_up} AS warming_up,
    e.source
FROM streams s
JOIN events e ON e.stream_id = s.stream_id
WHERE e.type = 'regime_update' AND {not provisional}
"""

_TRADES: Final = """
SELECT{dated},
    substr(s.name, 8) AS portfolio_id,
    {text trade_id} AS trade_id,
    {text symbol} AS symbol,
    {text side} AS side,
    {text status} AS status,
    {text quantity} AS quantity,
    {real quantity} AS quantity_real,
    {text price} AS price,
    {real price} AS price_real,
    {text fees} AS fees,
    {real fees} AS fees_real,
    CASE
        WHEN {text status} = 'rejected' THEN 0.0
        WHEN {text side} = 'buy' THEN -{real quantity} * {real price} - {real fees}
        ELSE {real quantity} * {real price} - {real fees}
    END AS cash_effect_real,
    {text reason.regime} AS reason_regime,
    {real reason.confidence} AS reason_confidence,
    {text reason.rule} AS reason_rule,
    e.source
FROM streams s
JOIN events e ON e.stream_id = s.stream_id
WHERE e.type = 'trade_execution'
"""

# A price is new, not late, where the one before it left no time as great.
_NEW_PRICE: Final = """p.occurred_at = p.occurred_max AND NOT EXISTS (
            SELECT 1 FROM events q
            WHERE q.stream_id = p.stream_id AND q.version = p.version - 1
                AND q.occurred_max >= p.occurred_at
        )"""

# As docs/episodes.md defines them. `updates`: final updates. `seen`: each with what was before it. `marked`: which
# of them are bars, which are shifts. `numbered`: by episode. `summed`: over it. `placed`: shifts alone, each with
# the place of the newest price then, found by walking back from it. `timed`: a hand-made one counts from the newest
# market time. Every window is of one symbol, so that a question about one reads no other.
_EPISODES: Final = """
WITH updates AS (
    SELECT
        substr(s.name, 8) AS symbol,
        e.position,
        e.version,
        e.occurred_at,
        e.source,
        {text regime} AS regime,
        {real confidence} AS confidence,
        {flag warming_up} AS warming_up
    FROM streams s
    CROSS JOIN events e
    WHERE e.stream_id = s.stream_id AND substr(s.name, 1, 7) = 'regime:'
        AND e.type = 'regime_update' AND {not provisional}
), seen AS (
    SELECT
        updates.*,
        lag(regime) OVER (PARTITION BY symbol ORDER BY version) AS previous_regime,
        max(CASE WHEN source <> 'manual' THEN occurred_at END) OVER (
            PARTITION BY symbol ORDER BY version
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS bar_us
    FROM updates
), marked AS (
    SELECT
        seen.*,
        CASE
            WHEN source <> 'manual' AND (bar_us IS NULL OR occurred_at > bar_us) THEN 1 ELSE 0
        END AS is_bar,
        CASE
            WHEN previous_regime IS NULL OR previous_regime <> regime THEN 1 ELSE 0
        END AS is_shift
    FROM seen
), numbered AS (
    SELECT marked.*, sum(is_shift) OVER (PARTITION BY symbol ORDER BY version) AS number
    FROM marked
), summed AS (
    SELECT
        numbered.*,
        sum(is_bar) OVER (PARTITION BY symbol, number) AS bars,
        avg(CASE WHEN is_bar + is_shift > 0 THEN confidence END)
            OVER (PARTITION BY symbol, number) AS mean_confidence
    FROM numbered
), placed AS (
    SELECT
        b.*,
        s.stream_id AS price_stream,
        (
            SELECT p.position FROM events p
            WHERE p.position < b.position AND +p.stream_id = s.stream_id AND {new_price}
            ORDER BY p.position DESC LIMIT 1
        ) AS price_position
    FROM summed b
    LEFT JOIN streams s ON s.name = 'prices:' || b.symbol
    WHERE b.is_shift = 1
), timed AS (
    SELECT
        b.*,
        {price p} AS start_price,
        max(
            CASE
                WHEN b.source <> 'manual' OR coalesce(p.occurred_at, b.bar_us) IS NULL THEN b.occurred_at
                WHEN b.bar_us IS NULL OR p.occurred_at > b.bar_us THEN p.occurred_at
                ELSE b.bar_us
            END
        ) OVER (PARTITION BY b.symbol ORDER BY b.version) AS start_us
    FROM placed b
    LEFT JOIN events p ON p.position = b.price_position
), ended AS (
    SELECT
        timed.*,
        lead(position) OVER (PARTITION BY symbol ORDER BY version) AS end_position,
        lead(start_us) OVER (PARTITION BY symbol ORDER BY version) AS end_us,
        lead(start_price) OVER (PARTITION BY symbol ORDER BY version) AS next_price
    FROM timed
), told AS (
    SELECT
        ended.*,
        CASE
            WHEN end_position IS NULL THEN (
                SELECT {price p} FROM events p
                WHERE p.stream_id = price_stream AND {new_price}
                ORDER BY p.version DESC LIMIT 1
            )
            ELSE next_price
        END AS end_price
    FROM ended
)
SELECT
    symbol,
    regime,
    previous_regime,
    position,
    end_position,
    {time start_us} AS start_at,
    start_us,
    {time end_us} AS end_at,
    end_us,
    start_price,
    {number start_price} AS start_price_real,
    end_price,
    {number end_price} AS end_price_real,
    {number end_price} / {number start_price} - 1 AS return,
    bars,
    mean_confidence,
    warming_up,
    source
FROM told
"""

VIEWS: Final[Mapping[str, str]] = {
    "v_regimes": _REGIMES.replace("{dated}", _DATED),
    "v_trades": _TRADES.replace("{dated}", _DATED),
    "v_episodes": _EPISODES.replace("{new_price}", _NEW_PRICE),
}


def upgrade() -> None:
    """Create the views."""
    connection = op.get_bind()
    fragments = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES
    for name, template in VIEWS.items():
        connection.exec_driver_sql(f"CREATE VIEW {name} AS{_filled(template, fragments)}")


def downgrade() -> None:
    """Drop the views; no event is in them."""
    for name in VIEWS:
        op.get_bind().exec_driver_sql(f"DROP VIEW {name}")


def _filled(template: str, fragments: Mapping[str, str]) -> str:
    def fragment(found: re.Match[str]) -> str:
        name, words = found.groups()
        return fragments[name].format(words, words.replace(".", ","))

    return _FRAGMENT.sub(fragment, template).rstrip()
