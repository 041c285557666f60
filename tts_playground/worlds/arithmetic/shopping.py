"""Prices, change and discounts: the families "shopping" and "unit prices"."""

from __future__ import annotations

from tts_playground.worlds.arithmetic.problem import Quantity
from tts_playground.worlds.arithmetic.story import Story, Unfit

GOODS = """pen pens 2 9|notebook notebooks 3 16|shirt shirts 14 48|ticket tickets 8 36|chair chairs 24 95
lamp lamps 18 85|book books 6 38|ball balls 5 28|cup cups 3 18|plate plates 4 22|plant plants 5 32|hat hats 9 42
poster posters 4 26|pizza pizzas 8 24|sandwich sandwiches 3 12|brush brushes 2 14|towel towels 6 28|toy toys 7 45"""
PRICED = tuple(
    (one, many, int(low), int(high))
    for one, many, low, high in (row.split() for row in GOODS.replace("\n", "|").split("|"))
)


def shopping(s: Story) -> None:
    """One to three kinds of things in a basket, then what becomes of the sum."""
    p = s.person()
    tail = s.pick([t for t in _TAILS if _TAILS[t] < s.level] or ["sum"])
    left = s.level - _TAILS[tail]
    kinds = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3}.get(left, 3)
    if (single := left == 2) or left == 4:  # one of them is bought once, so that it needs no product
        kinds = 2 if single else 3
    goods = list(dict.fromkeys(s.pick(PRICED) for _ in range(8)))[:kinds]
    if len(goods) < kinds:
        raise Unfit
    costs, told = [], []
    for place, (one, many, low, high) in enumerate(goods):
        price = s.number(low, high)
        if left in (2, 4) and place == kinds - 1:
            told.append(f"a {one} for {price.value} dollars")
            costs.append(price)
            continue
        count = s.number(2, 28)
        told.append(
            s.worded(
                "bought",
                f"{count.value} {many} at {price.value} dollars each",
                f"{count.value} {many} for {price.value} dollars each",
            )
        )
        costs.append(
            s.step("*", (count, price), f"The {many} cost {{}} dollars.", f"{p.name} pays {{}} dollars for the {many}.")
        )
    s.follows(f"basket {left}", tail)
    basket = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    s.say("basket", f"{p.name} buys {basket}.", f"In a shop {p.name} chooses {basket}.", f"{p.name} orders {basket}.")
    total = costs[0]
    if len(costs) > 1:
        total = s.step("+", costs, "Everything together costs {} dollars.", "The sum is {} dollars.")
    _TOLD[tail](s, p, total)


_TAILS = {
    "sum": 0,
    "change": 1,
    "discount": 2,
    "split": 1,
    "voucher": 1,
    "weeks": 1,
    "delivery": 1,
    "voucher, split": 2,
    "tax": 2,
}
"""what comes after the sum -> its steps"""


def _sum(s: Story, p, total: Quantity) -> None:
    s.say(
        "sum",
        f"How many dollars does {p.they} pay?",
        "What does everything cost, in dollars?",
        f"How much does {p.name} spend, in dollars?",
        also=("How many dollars is everything together?", f"What does {p.they} pay for everything, in dollars?"),
    )


def _change(s: Story, p, total: Quantity) -> None:
    notes = [one for one in (20, 50, 100, 200, 500, 1000, 2000) if one > total.value + 1]
    if not notes:
        raise Unfit
    paid = Quantity(notes[0])
    s.say(
        "change",
        f"{p.They} pays with {paid.value} dollars. How many dollars does {p.they} get back?",
        f"How much change does {p.they} get from {paid.value} dollars?",
    )
    s.step("-", (paid, total), f"{p.They} gets {{}} dollars back.", "The change is {} dollars.")


def _discount(s: Story, p, total: Quantity) -> None:
    shares = [one for one in (5, 10, 15, 20, 25, 30, 40, 50) if int(total.value) * one % 100 == 0]
    if not shares:
        raise Unfit
    share = s.pick(shares)
    s.say(
        "discount",
        f"The shop takes {share} percent off the price. How many dollars does {p.they} pay?",
        f"With a discount of {share} percent, how much does {p.they} pay in dollars?",
    )
    product = s.joined("*", total, Quantity(share))
    off = s.step(
        "/", (product, Quantity(100)), f"{share} percent of the price is {{}} dollars.", "The discount is {} dollars."
    )
    s.step("-", (total, off), f"{p.name} pays {{}} dollars.", "That leaves {} dollars to pay.")


def _tax(s: Story, p, total: Quantity) -> None:
    shares = [one for one in (5, 10, 15, 20, 25) if int(total.value) * one % 100 == 0]
    if not shares:
        raise Unfit
    share = s.pick(shares)
    s.say(
        "tax",
        f"A tax of {share} percent comes on top. How many dollars does {p.they} pay?",
        f"How much does {p.they} pay, in dollars, when {share} percent of tax is added?",
    )
    product = s.joined("*", total, Quantity(share))
    tax = s.step(
        "/", (product, Quantity(100)), f"{share} percent of the price is {{}} dollars.", "The tax is {} dollars."
    )
    s.step("+", (total, tax), f"With tax {p.name} pays {{}} dollars.", "Together that is {} dollars.")


def _split(s: Story, p, total: Quantity) -> None:
    k = s.divisor(total.value, 2, 12)
    s.say(
        "split",
        f"{k} friends share the cost equally. How many dollars does each of them pay?",
        f"How much does each person pay, in dollars, if {k} people share the price equally?",
    )
    s.step("/", (total, Quantity(k)), "Each of them pays {} dollars.", "A share is {} dollars.")


def _voucher(s: Story, p, total: Quantity) -> None:
    off = s.number(5, max(6, min(150, int(total.value) - 2)))
    s.say(
        "voucher",
        f"{p.They} has a voucher for {off.value} dollars. How many dollars are left to pay?",
        f"A voucher takes {off.value} dollars off. How much does {p.they} pay in dollars?",
    )
    s.step("-", (total, off), "That leaves {} dollars to pay.", f"{p.name} pays {{}} dollars.")


def _voucher_split(s: Story, p, total: Quantity) -> None:
    off = s.number(5, max(6, min(150, int(total.value) - 2)))
    s.say("voucher", f"A voucher takes {off.value} dollars off.", f"{p.They} has a voucher for {off.value} dollars.")
    left = s.step("-", (total, off), "That leaves {} dollars to pay.", "With the voucher it costs {} dollars.")
    _split(s, p, left)


def _weeks(s: Story, p, total: Quantity) -> None:
    k = s.number(3, 26)
    s.say(
        "weeks",
        f"{p.They} does so every week. How many dollars does {p.they} spend in {k.value} weeks?",
        f"How much does {p.they} spend in {k.value} weeks, in dollars, if {p.they} buys this each week?",
        also=(f"{p.name} does so for {k.value} weeks. How many dollars does {p.they} spend in all?",),
    )
    s.step("*", (total, k), f"In {k.value} weeks that is {{}} dollars.", f"{p.They} spends {{}} dollars.")


def _delivery(s: Story, p, total: Quantity) -> None:
    fee = s.number(4, 48)
    s.say(
        "delivery",
        f"Delivery costs {fee.value} dollars more. How many dollars does {p.they} pay in all?",
        f"How much does {p.they} pay in dollars with {fee.value} dollars for delivery?",
    )
    s.step("+", (total, fee), "With delivery that is {} dollars.", f"{p.name} pays {{}} dollars in all.")


_TOLD = {
    "sum": _sum,
    "change": _change,
    "discount": _discount,
    "split": _split,
    "voucher": _voucher,
    "weeks": _weeks,
    "delivery": _delivery,
    "voucher, split": _voucher_split,
    "tax": _tax,
}


def unit_prices(s: Story) -> None:
    """What some cost from what others cost."""
    if s.level < 2:
        raise Unfit
    p, (one, many, low, high) = s.person(), s.pick(PRICED)
    count, price = s.number(3, 18), s.between(low, high)
    whole = s.given(count.value * price)
    s.say(
        "known",
        f"{count.value} {many} cost {whole.value} dollars.",
        f"{p.name} pays {whole.value} dollars for {count.value} {many}.",
        f"A pack of {count.value} {many} costs {whole.value} dollars.",
    )
    each = s.step("/", (whole, count), f"One {one} costs {{}} dollars.", f"The price of one {one} is {{}} dollars.")
    wanted = s.number(4, 36)
    tail = s.pick([t for t in _TAILS if _TAILS[t] == s.level - 2] or [""])
    if not tail:
        raise Unfit
    s.follows("unit", tail)
    s.say(
        "wanted",
        f"{p.name} wants {wanted.value} {many} at the same price.",
        f"At this price {p.name} buys {wanted.value} {many}.",
    )
    total = s.step("*", (wanted, each), f"{wanted.value} {many} cost {{}} dollars.", "That is {} dollars.")
    _TOLD[tail](s, p, total)
