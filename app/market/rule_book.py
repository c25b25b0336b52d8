"""`RuleBook`: the alert rules in force, by id and by symbol."""

from collections.abc import Iterable, Mapping
from typing import Final

from app.market.alerts.rules import AlertRule
from events.catalog import AlertKind

RULES_MAX: Final = 200
"""Alert rules in force at once: each is looked at for every price of its symbol."""


class RuleBook:
    """Immutable; remembers which rules a symbol has, so that a price does not look for them."""

    __slots__ = ("_by_id", "_shifts", "_watched")

    def __init__(self, rules: Iterable[AlertRule]) -> None:
        """The later of two rules with one id counts."""
        self._by_id = {rule.rule_id: rule for rule in rules}
        self._watched: dict[str, tuple[AlertRule, ...]] = {}
        self._shifts: dict[str, tuple[AlertRule, ...]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleBook) and self._by_id == other._by_id

    def __hash__(self) -> int:
        return hash(frozenset(self._by_id))

    def __repr__(self) -> str:
        return f"RuleBook({list(self._by_id.values())!r})"

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def by_id(self) -> Mapping[str, AlertRule]:
        """Every rule in force."""
        return self._by_id

    def watched(self, symbol: str) -> tuple[AlertRule, ...]:
        """The rules on the prices of a symbol."""
        return self._of(symbol, self._watched, shifts=False)

    def shifts(self, symbol: str) -> tuple[AlertRule, ...]:
        """The rules on the regime of a symbol."""
        return self._of(symbol, self._shifts, shifts=True)

    def _of(
        self, symbol: str, known: dict[str, tuple[AlertRule, ...]], *, shifts: bool
    ) -> tuple[AlertRule, ...]:
        found = known.get(symbol)
        if found is None:
            found = known[symbol] = tuple(
                rule
                for rule in self._by_id.values()
                if rule.symbol in (None, symbol) and (rule.kind is AlertKind.REGIME_SHIFT) is shifts
            )
        return found

    def with_rule(self, rule: AlertRule) -> "RuleBook":
        """The book with one rule set or replaced."""
        return RuleBook([*self._by_id.values(), rule])

    def without(self, rule_id: str) -> "RuleBook":
        """The book without one rule."""
        return RuleBook(rule for rule in self._by_id.values() if rule.rule_id != rule_id)
