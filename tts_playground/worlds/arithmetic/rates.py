"""So much in an hour, a day or a litre: the families "travel" and "work"."""

from __future__ import annotations

from tts_playground.worlds.arithmetic.problem import Quantity
from tts_playground.worlds.arithmetic.story import Story, Unfit

VEHICLES = (
    ("train", 60, 160),
    ("car", 40, 120),
    ("bus", 30, 80),
    ("cyclist", 12, 28),
    ("boat", 10, 38),
    ("truck", 40, 88),
)
MAKERS = (
    ("machine", "machines", "bottles"),
    ("baker", "bakers", "rolls"),
    ("printer", "printers", "pages"),
    ("worker", "workers", "parts"),
    ("tailor", "tailors", "shirts"),
    ("potter", "potters", "cups"),
    ("robot", "robots", "toys"),
    ("painter", "painters", "tiles"),
)


def travel(s: Story) -> None:
    """Legs at different speeds, and what is left, what it costs or how long it takes."""
    vehicle, slow, fast = s.pick(VEHICLES)
    tail = s.pick([t for t, (cost, _) in _TAILS.items() if cost < s.level] or ["distance"])
    left = s.level - _TAILS[tail][0]
    legs, walk = (1, False) if left == 1 else (1, True) if left == 2 else (2, left == 4) if left < 5 else (3, False)
    if left >= 3 and left - legs - 1 not in (0, 1):
        raise Unfit
    parts: list[Quantity] = []
    for place in range(legs):
        speed, hours = s.number(slow, fast), s.number(2, 14)
        if place == 0:
            s.say(
                "first leg",
                f"A {vehicle} goes {speed.value} km an hour for {hours.value} hours.",
                f"A {vehicle} travels for {hours.value} hours at {speed.value} km an hour.",
                f"For {hours.value} hours a {vehicle} keeps a speed of {speed.value} km an hour.",
            )
        else:
            s.say(
                "next leg",
                f"Then it goes {speed.value} km an hour for {hours.value} hours.",
                f"After a break it travels another {hours.value} hours at {speed.value} km an hour.",
                f"For the next {hours.value} hours its speed is {speed.value} km an hour.",
                also=(f"It makes a break and goes on at {speed.value} km an hour for {hours.value} hours more.",),
            )
        which = ("first", "second", "third")[place] if legs > 1 or walk else ""
        name = f"In the {which} part it covers {{}} km." if which else "It covers {} km."
        parts.append(s.step("*", (speed, hours), name, f"{hours.value} hours at {speed.value} km an hour are {{}} km."))
    if walk:
        extra = s.number(5, 240)
        s.say(
            "extra",
            f"Before that it had gone {extra.value} km.",
            f"It had covered {extra.value} km earlier.",
            f"Its last part is {extra.value} km long.",
            also=(f"Its way before that was {extra.value} km.", f"Then it goes another {extra.value} km."),
        )
        parts.append(extra)
    total = parts[0] if len(parts) == 1 else s.step("+", parts, "The whole way is {} km.", "Together these are {} km.")
    s.follows(f"legs {len(parts)}", tail)
    _TAILS[tail][1](s, vehicle, total)


def _distance(s: Story, vehicle: str, total: Quantity) -> None:
    s.say(
        "distance",
        f"How many km does the {vehicle} cover?",
        f"How far does the {vehicle} go, in km?",
        "What is the distance in km?",
        also=(f"How many km does the {vehicle} go?", "How far is that, in km?"),
    )


def _rest(s: Story, vehicle: str, total: Quantity) -> None:
    whole = s.given(int(total.value) + s.between(12, 380))
    s.say(
        "rest",
        f"The whole trip is {whole.value} km. How many km are left?",
        f"How many km are left of a trip of {whole.value} km?",
    )
    s.step("-", (whole, total), "There are {} km left.", "What is left is {} km.")


def _fuel(s: Story, vehicle: str, total: Quantity) -> None:
    per = Quantity(s.divisor(total.value, 4, 20))
    s.say(
        "fuel",
        f"It needs one litre for {per.value} km. How many litres does it need?",
        f"How many litres does it use if it goes {per.value} km with one litre?",
    )
    s.step("/", (total, per), "It needs {} litres.", "That takes {} litres.")


def _cost(s: Story, vehicle: str, total: Quantity) -> None:
    per, price = Quantity(s.divisor(total.value, 4, 20)), s.number(2, 9)
    s.say(
        "cost",
        f"It needs one litre for {per.value} km, and a litre costs {price.value} dollars. "
        "What does the trip cost, in dollars?",
        f"How many dollars does the trip cost if one litre costs {price.value} dollars and lasts for {per.value} km?",
        also=(
            f"A litre costs {price.value} dollars, and it needs one litre for {per.value} km. "
            "How many dollars are that for the trip?",
        ),
    )
    litres = s.step("/", (total, per), "It needs {} litres.", "That takes {} litres.")
    s.step("*", (litres, price), "They cost {} dollars.", "The trip costs {} dollars.")


def _back(s: Story, vehicle: str, total: Quantity) -> None:
    hours = Quantity(s.divisor(total.value, 2, 15))
    s.say(
        "back",
        f"It takes {hours.value} hours for the whole way back. What is its speed on the way back, in km an hour?",
        f"How fast does it go on the way back, in km an hour, if that takes {hours.value} hours?",
        also=(f"The way back takes {hours.value} hours. How fast is it then, in km an hour?",),
    )
    s.step("/", (total, hours), "On the way back it goes {} km an hour.", "Its speed is {} km an hour.")


def _trips(s: Story, vehicle: str, total: Quantity) -> None:
    n = s.number(3, 22)
    s.say(
        "trips",
        f"It makes this trip {n.value} times. How many km are that?",
        f"How many km does it cover in {n.value} such trips?",
        also=(f"There are {n.value} such trips. How many km does it go in all?",),
    )
    s.step("*", (total, n), f"{n.value} trips are {{}} km.", "That is {} km.")


_TAILS = {
    "distance": (0, _distance),
    "rest": (1, _rest),
    "fuel": (1, _fuel),
    "cost": (2, _cost),
    "back": (1, _back),
    "trips": (1, _trips),
}
"""what is asked -> its steps, and who tells it"""


def work(s: Story) -> None:
    """So many makers, so much each an hour, so many hours; then what breaks, is packed or sold."""
    one, many, made = s.pick(MAKERS)
    rate = s.number(4, 96)
    makers, hours = s.level > 1, s.level > 2 and s.chance(0.6)
    tail = s.pick([t for t, (cost, _) in _ENDS.items() if cost <= s.level - makers - hours - (not makers)] or ["all"])
    missing = s.level - makers - hours - _ENDS[tail][0]
    n, h = s.number(3, 28), s.number(2, 12)
    unit = s.pick(("hour", "day"))
    if makers:
        value = _several(s, (one, many, made), unit, rate, n, hours)
    else:
        value = _alone(s, (one, many, made), unit, rate, h)
        missing -= 1
    if hours:
        s.say(
            "hours",
            f"They work for {h.value} {unit}s.",
            f"The work takes {h.value} {unit}s.",
            also=(f"Each of them works for {h.value} {unit}s.", f"For {h.value} {unit}s all of them work."),
        )
        value = s.step(
            "*",
            (value, h),
            f"In {h.value} {unit}s these are {{}} {made}.",
            f"They make {{}} {made} in {h.value} {unit}s.",
        )
    last = "made"
    while missing > 0:
        kind = s.pick(("broken", "stock", "more"))
        s.follows(last, kind)
        value, last, missing = _change(s, kind, made, value), kind, missing - 1
    s.follows(last, tail)
    _ENDS[tail][1](s, made, value)


def _several(s: Story, words: tuple[str, str, str], unit: str, rate: Quantity, n: Quantity, hours: bool) -> Quantity:
    one, many, made = words
    s.say(
        "rate",
        f"A {one} makes {rate.value} {made} an {unit}."
        if unit == "hour"
        else f"A {one} makes {rate.value} {made} a {unit}.",
        f"Each {one} makes {rate.value} {made} per {unit}.",
    )
    value = s.step(
        "*", (rate, n), f"{n.value} {many} make {{}} {made} per {unit}.", f"In one {unit} they make {{}} {made}."
    )
    if hours:
        s.say(
            "makers",
            f"There are {n.value} {many}.",
            f"A firm has {n.value} {many}.",
            f"{n.value} {many} work at the same time.",
        )
    else:
        s.say(
            "makers",
            f"For one {unit}, {n.value} {many} work.",
            f"There are {n.value} {many}, and they work for one {unit}.",
        )
    return value


def _alone(s: Story, words: tuple[str, str, str], unit: str, rate: Quantity, h: Quantity) -> Quantity:
    one, _, made = words
    s.say(
        "rate",
        f"A {one} makes {rate.value} {made} per {unit}.",
        f"In one {unit} a {one} makes {rate.value} {made}.",
    )
    value = s.step("*", (rate, h), f"In {h.value} {unit}s these are {{}} {made}.", f"The {one} makes {{}} {made}.")
    s.say("hours", f"The {one} works for {h.value} {unit}s.", f"It is {h.value} {unit}s of work.")
    return value


def _change(s: Story, kind: str, made: str, value: Quantity) -> Quantity:
    if kind == "broken":
        n = s.number(3, max(4, min(260, int(value.value) - 2)))
        s.say(kind, f"{n.value} of the {made} are broken and thrown away.", f"Of these, {n.value} {made} get lost.")
        return s.step("-", (value, n), f"That leaves {{}} {made}.", f"{{}} {made} are good.")
    n = s.number(5, 390)
    if kind == "stock":
        s.say(
            kind, f"There were {n.value} {made} in stock before.", f"{n.value} {made} from last week are still there."
        )
    else:
        s.say(kind, f"Another firm brings {n.value} {made}.", f"{n.value} more {made} are bought.")
    return s.step("+", (value, n), f"With them there are {{}} {made}.", f"Together these are {{}} {made}.")


def _all(s: Story, made: str, value: Quantity) -> None:
    s.say("all", f"How many {made} are there in the end?", f"What is the number of {made} then?")


def _packed(s: Story, made: str, value: Quantity) -> None:
    k = s.divisor(value.value, 3, 24)
    s.say(
        "packed",
        f"All {made} are packed into boxes of {k}. How many boxes are needed?",
        f"How many boxes do they fill if each box holds {k} {made}?",
    )
    s.step("/", (value, Quantity(k)), "They fill {} boxes.", "That takes {} boxes.")


def _sold(s: Story, made: str, value: Quantity) -> None:
    price = s.number(2, 18)
    s.say(
        "sold",
        f"They are sold for {price.value} dollars each. How many dollars do they bring?",
        f"How much money do they bring, in dollars, at {price.value} dollars each?",
    )
    s.step("*", (value, price), "They bring {} dollars.", "That is {} dollars.")


def _profit(s: Story, made: str, value: Quantity) -> None:
    price, cost = s.number(3, 18), s.number(20, 480)
    s.say(
        "profit",
        f"They are sold for {price.value} dollars each, and the costs are {cost.value} dollars. "
        "How many dollars of profit remain?",
        f"What is the profit in dollars if each is sold for {price.value} dollars "
        f"and the costs are {cost.value} dollars?",
    )
    money = s.step("*", (value, price), "They bring {} dollars.", "The sale brings {} dollars.")
    s.step("-", (money, cost), "The profit is {} dollars.", "After the costs {} dollars remain.")


_ENDS = {"all": (0, _all), "packed": (1, _packed), "sold": (1, _sold), "profit": (2, _profit)}
"""what is asked -> its steps, and who tells it"""
