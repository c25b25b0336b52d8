"""An epoch is random, and one wrong digit in it is seen."""

from events.epoch import is_epoch, new_epoch


def test_a_new_epoch_is_one_and_no_other_is_the_same() -> None:
    epochs = {new_epoch() for _ in range(100)}
    assert len(epochs) == 100
    assert all(is_epoch(epoch) and len(epoch) == 32 for epoch in epochs)


def test_any_changed_digit_is_seen() -> None:
    epoch = new_epoch()
    for place in range(len(epoch)):
        for digit in {*"0123456789abcdef", " "} - {epoch[place]}:
            assert not is_epoch(epoch[:place] + digit + epoch[place + 1 :])


def test_other_things_are_no_epochs() -> None:
    assert not any(is_epoch(value) for value in ("", "e", None, 7, b"0" * 32, new_epoch() + "0"))
