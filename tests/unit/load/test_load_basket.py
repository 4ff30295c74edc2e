"""The cart check: acknowledged writes must show, unknown ones may, others must not."""

from __future__ import annotations

from lab_load.basket import Basket


def test_an_empty_cart_is_right_before_any_write_and_wrong_after_one() -> None:
    basket = Basket()
    assert basket.agrees({})
    basket.acknowledge("i1")
    assert not basket.agrees({})


def test_the_answer_to_a_write_must_show_that_write() -> None:
    basket = Basket()
    assert basket.agrees({"i1": 1}, adding="i1")
    assert not basket.agrees({}, adding="i1")
    assert not basket.agrees({"i1": 2}, adding="i1")


def test_an_item_that_nobody_wrote_is_wrong() -> None:
    basket = Basket()
    basket.acknowledge("i1")
    assert not basket.agrees({"i1": 1, "i2": 1})
    assert not basket.agrees({"i1": 2})


def test_a_write_whose_fate_is_unknown_may_show_or_not() -> None:
    basket = Basket()
    basket.acknowledge("i1")
    basket.doubt("i1")
    basket.doubt("i2")
    assert basket.agrees({"i1": 1})
    assert basket.agrees({"i1": 2, "i2": 1})
    assert not basket.agrees({"i1": 3})
    assert not basket.agrees({"i2": 1})


def test_quantities_of_another_type_are_wrong_not_a_crash() -> None:
    basket = Basket()
    basket.doubt("i1")
    assert not basket.agrees({"i1": "many"})
    assert not basket.agrees({"i1": None})


def test_after_a_loss_the_check_goes_on_from_what_was_shown() -> None:
    basket = Basket.of({"i1": 2, "odd": "x"})
    assert basket.agrees({"i1": 2})
