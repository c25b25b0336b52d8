from app.terminal.look import COLOURS, SIGNS, bar, change_text, regime_text, word
from events.catalog import Regime


def test_each_regime_has_a_sign_a_word_and_a_colour_of_its_own() -> None:
    assert len(set(SIGNS.values())) == len(set(COLOURS.values())) == len(Regime)
    assert word(Regime.CRASH) == "⚠ CRASH"
    assert word(None) == "-"
    assert COLOURS[Regime.BULL] in str(regime_text(Regime.BULL).style)


def test_gains_and_losses_differ_by_their_signs_too() -> None:
    gain, loss, none = change_text("+1.0 %"), change_text("-1.0 %"), change_text("-")
    assert len({str(gain.style), str(loss.style), str(none.style)}) == 3
    assert (gain.plain, loss.plain) == ("+1.0 %", "-1.0 %")


def test_a_bar_is_always_as_long_as_it_is() -> None:
    assert bar(0.5, 4) == "██░░"
    assert bar(1.5, 4) == "████"
    assert bar(None, 4) == bar(-1, 4) == "░░░░"
