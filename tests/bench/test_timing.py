"""Ours and its floor alternate, the warm-up is not counted, and the ratio is that of the medians."""

from kiosk.bench.timing import Row, Times, alternate, repeat


async def test_both_go_first_in_turn_and_the_warm_up_is_left_out() -> None:
    order: list[str] = []

    async def ours() -> float:
        order.append("ours")
        return float(len(order))

    async def floor() -> float:
        order.append("floor")
        return 0.5

    took = await alternate(3, ours, floor)
    assert order == ["floor", "ours", "ours", "floor", "floor", "ours", "ours", "floor"]
    assert took == (Times((3.0, 6.0, 7.0)), Times((0.5, 0.5, 0.5)))


async def test_what_has_no_floor_is_repeated_after_a_warm_up() -> None:
    rounds = iter((9.0, 1.0, 2.0))

    async def ours() -> float:
        return next(rounds)

    assert await repeat(2, ours) == Times((1.0, 2.0))


def test_a_ratio_is_of_medians_and_absent_without_a_floor() -> None:
    ours, floor = Times((3.0, 100.0, 2.0)), Times((1.0, 2.0, 1.5))
    assert (ours.least, ours.median) == (2.0, 3.0)
    assert Row("step", ours, floor, "bare").ratio == 2.0
    assert Row("step", ours).ratio is None
