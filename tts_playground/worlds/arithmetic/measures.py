"""Rectangles and averages: the families "areas" and "averages"."""

from __future__ import annotations

from tts_playground.worlds.arithmetic.problem import Quantity
from tts_playground.worlds.arithmetic.story import Story, Unfit

PLACES = ("garden", "field", "park", "yard", "terrace", "meadow", "playground", "square")
INNER = ("pond", "shed", "bed of flowers", "hut", "fountain", "path")


def areas(s: Story) -> None:
    """A rectangle's area or the length of its border, less or more other parts, and what that costs."""
    place = s.pick(PLACES)
    long, wide = s.number(8, 64), s.number(4, 48)
    s.say(
        "sides",
        f"A {place} is {long.value} m long and {wide.value} m wide.",
        f"The sides of a {place} are {long.value} m and {wide.value} m.",
        f"A {place} measures {long.value} m by {wide.value} m.",
    )
    if s.level in (2, 3, 4) and s.chance(0.3):
        _border(s, place, long, wide)
        return
    left = s.level - 1
    area = s.step(
        "*", (long, wide), f"The area of the {place} is {{}} square metres.", f"The {place} covers {{}} square metres."
    )
    last, first = "area", True
    while left > 0:
        kind = s.pick(
            [
                k
                for k, cost in (("inner", 2), ("known part", 1), ("second", 2), ("same", 1))
                if cost <= left - (0 if left > 2 else 1)
            ]
            or ["end"]
        )
        if kind == "end" or (not first and left == 1):
            break
        s.follows(last, kind)
        area = _changed(s, place, kind, area)
        left -= 2 if kind in ("inner", "second") else 1
        last, first = kind, False
    if left not in (0, 1, 2):
        raise Unfit
    _asked_area(s, place, area, left, last)


def _changed(s: Story, place: str, kind: str, area: Quantity) -> Quantity:
    if kind == "known part":
        n = s.number(4, max(5, min(280, int(area.value) - 2)))
        what = s.pick(INNER)
        s.say(
            kind,
            f"A {what} takes up {n.value} square metres of it.",
            f"There is a {what} of {n.value} square metres in it.",
            also=(
                f"{n.value} square metres of it are a {what}.",
                f"{n.value} square metres are taken up for a {what}.",
            ),
        )
        return s.step("-", (area, n), "That leaves {} square metres.", "{} square metres remain.")
    if kind == "same":
        k = s.number(2, 14)
        s.say(
            kind,
            f"There are {k.value} such places.",
            f"A town has {k.value} of them, all of the same size.",
            also=(f"There are {k.value} of this size in the town.", f"The town has {k.value} such places."),
        )
        return s.step(
            "*", (area, k), f"{k.value} of them have {{}} square metres.", "Together these are {} square metres."
        )
    long, wide = s.number(2, 24), s.number(2, 16)
    if kind == "inner":
        what = s.pick(INNER)
        s.say(
            kind,
            f"A {what} in it is {long.value} m long and {wide.value} m wide.",
            f"In it there is a {what} of {long.value} m by {wide.value} m.",
            also=(f"A {what} covers a part of it, {long.value} m by {wide.value} m.",),
        )
        part = s.step(
            "*",
            (long, wide),
            f"The {what} covers {{}} square metres.",
            f"The area of the {what} is {{}} square metres.",
        )
        return s.step("-", (area, part), "That leaves {} square metres.", "{} square metres remain.")
    s.say(
        kind,
        f"Beside it lies another one of {long.value} m by {wide.value} m.",
        f"A second one is {long.value} m long and {wide.value} m wide.",
    )
    part = s.step("*", (long, wide), "The second one has {} square metres.", "The other area is {} square metres.")
    return s.step("+", (area, part), "Together these are {} square metres.", "The whole area is {} square metres.")


def _asked_area(s: Story, place: str, area: Quantity, left: int, last: str) -> None:
    if left == 0:
        s.say(
            "area",
            "How many square metres are that in the end?"
            if last != "area"
            else f"What is the area of the {place} in square metres?",
            "Find the area in square metres." if last == "area" else "What is the area in square metres then?",
        )
        return
    s.follows(last, f"end {left}")
    if s.chance(0.5):
        price = s.number(3, 32)
        s.say(
            "price",
            f"Grass for it costs {price.value} dollars per square metre.",
            f"New earth costs {price.value} dollars per square metre.",
        )
        value, unit = s.step("*", (area, price), "The cost is {} dollars.", "That costs {} dollars."), "dollars"
        ask = ("How many dollars does that cost?", "What is the cost in dollars?")
    else:
        per = Quantity(s.divisor(area.value, 2, 15))
        s.say(
            "bags",
            f"One bag of seed is enough for {per.value} square metres.",
            f"A bag of earth covers {per.value} square metres.",
            also=(f"{per.value} square metres need one bag of earth.",),
        )
        value, unit = s.step("/", (area, per), "It takes {} bags.", "That needs {} bags."), "bags"
        ask = ("How many bags are needed?", "How many bags does the whole area need?")
    if left == 1:
        s.say("ask", *ask)
        return
    if unit == "dollars":
        extra = s.number(15, 480)
        s.say(
            "labour",
            f"The workers get {extra.value} dollars more. What does all of it cost, in dollars?",
            f"How many dollars are that with {extra.value} dollars for the work?",
        )
        s.step("+", (value, extra), "All of it costs {} dollars.", "With the work that is {} dollars.")
    else:
        price = s.number(3, 28)
        s.say(
            "each",
            f"Each bag costs {price.value} dollars. How many dollars are that?",
            f"What do the bags cost in dollars at {price.value} dollars each?",
        )
        s.step("*", (value, price), "They cost {} dollars.", "That is {} dollars.")


def _border(s: Story, place: str, long: Quantity, wide: Quantity) -> None:
    half = s.step("+", (long, wide), "Two sides are {} m long together.", "Length and width add up to {} m.")
    border = s.step("*", (half, Quantity(2)), "All around it is {} m.", f"The border of the {place} is {{}} m long.")
    if s.level == 2:
        s.say(
            "border",
            f"How long is a fence around the {place}, in m?",
            f"What is the distance around the {place} in m?",
            also=(f"How many m is it around the {place}?",),
        )
        return
    if s.level == 3 and s.chance(0.4):
        gate = s.number(2, 12)
        s.say(
            "gate",
            f"A fence goes around it, but for a gate of {gate.value} m. How long is the fence, in m?",
            f"How many m of fence are needed around it if a gate of {gate.value} m stays open?",
        )
        s.step("-", (border, gate), "The fence is {} m long.", "Without the gate that is {} m.")
        return
    if s.level == 4:
        gate = s.number(2, 12)
        s.say(
            "gate",
            f"A fence goes around it, but for a gate of {gate.value} m.",
            f"All around it stands a fence with a gate of {gate.value} m in it.",
            also=(f"A fence stands around it, and {gate.value} m of it are a gate.",),
        )
        border = s.step("-", (border, gate), "The fence is {} m long.", "Without the gate that is {} m.")
    price = s.number(3, 36)
    s.say(
        "fence",
        f"One metre of fence costs {price.value} dollars. What does the fence cost, in dollars?",
        f"How many dollars does the fence cost at {price.value} dollars a metre?",
        also=(f"The fence costs {price.value} dollars for each metre. How many dollars are that?",),
    )
    s.step("*", (border, price), "The fence costs {} dollars.", "That costs {} dollars.")


SCORES = (
    ("points", "game"),
    ("pages", "day"),
    ("km", "day"),
    ("visitors", "day"),
    ("litres", "week"),
    ("letters", "day"),
    ("steps", "minute"),
    ("guests", "evening"),
)


def averages(s: Story) -> None:
    """The mean of some numbers, what is missing for one, and what follows from it."""
    if s.level < 2:
        raise Unfit
    p, (many, each) = s.person(), s.pick(SCORES)
    count = s.between(3, 5)
    values = [s.number(8, 180) for _ in range(count)]
    mean = sum(int(v.value) for v in values[:-1]) // count + s.between(2, 40)
    rest = mean * count - sum(int(v.value) for v in values[:-1])
    if rest < 4 or rest > 300:
        raise Unfit
    n = Quantity(count)
    if s.chance(0.35):
        _missing(s, p, many, each, values, mean, n)
        return
    values[-1] = s.given(rest)
    listed = f"{', '.join(str(v.value) for v in values[:-1])} and {rest}"
    s.say(
        "values",
        f"{p.name} counts {listed} {many} in {count} {each}s.",
        f"In {count} {each}s {p.name} counts {listed} {many}.",
        f"The numbers of {many} in {count} {each}s are {listed}.",
    )
    total = s.step("+", values, f"The sum is {{}} {many}.", f"Together these are {{}} {many}.")
    average = s.step(
        "/",
        (total, n),
        f"The average is {{}} {many} per {each}.",
        f"Divided by {count}, that is {{}} {many} per {each}.",
    )
    _then(s, p, many, each, average, s.level - 2, "average")


def _missing(s: Story, p, many: str, each: str, values: list[Quantity], mean: int, n: Quantity) -> None:
    if s.level < 3:
        raise Unfit
    wanted = s.given(mean)
    known = values[:-1]
    listed = f"{', '.join(str(v.value) for v in known[:-1])} and {known[-1].value}"
    s.say(
        "missing",
        f"In {len(known)} {each}s {p.name} counts {listed} {many}. After one more {each} the average is {mean} {many}.",
        f"{p.name} counts {listed} {many} in {len(known)} {each}s, "
        f"and {p.they} wants an average of {mean} over {n.value} {each}s.",
    )
    whole = s.step(
        "*",
        (wanted, n),
        f"For an average of {mean} in {n.value} {each}s the sum is {{}} {many}.",
        f"All {n.value} {each}s together need {{}} {many}.",
    )
    first = s.step("+", known, f"The first {len(known)} {each}s have {{}} {many}.", f"So far there are {{}} {many}.")
    last = s.step("-", (whole, first), f"The last {each} needs {{}} {many}.", f"What is missing is {{}} {many}.")
    if s.level == 3:
        s.say(
            "missing",
            f"How many {many} are there in the last {each}?",
            f"What is the number of {many} in the last {each}?",
        )
        return
    _then(s, p, many, each, last, s.level - 3, "missing")


def _then(s: Story, p, many: str, each: str, value: Quantity, left: int, last: str) -> None:
    which = "on average" if last == "average" else f"in the last {each}"
    if left == 0:
        s.say(
            "average",
            f"What is the average number of {many} per {each}?",
            f"How many {many} are that per {each} on average?",
            also=(f"How many {many} does {p.they} count per {each}, on average?",),
        )
        return
    s.say(
        "follow",
        f"{p.Their} friend counts as many {many} each {each} as {p.they} does {which}.",
        f"A friend of {p.name} counts in every {each} what {p.name} counts {which}.",
    )
    k = s.number(3, 24)
    s.follows(last, "times")
    s.say("times", f"The friend does so for {k.value} {each}s.", f"This goes on for {k.value} {each}s.")
    value = s.step(
        "*",
        (value, k),
        f"In {k.value} {each}s the friend counts {{}} {many}.",
        f"For {k.value} {each}s that is {{}} {many}.",
    )
    for place in range(left - 1):
        n = s.number(5, 180)
        kind = s.pick(("more", "fewer"))
        s.follows(f"then {place}", kind)
        if kind == "more":
            s.say("more", f"Then {n.value} more {many} come.", f"There are {n.value} {many} more.")
            value = s.step("+", (value, n), f"With them there are {{}} {many}.", f"That makes {{}} {many}.")
        else:
            s.say("fewer", f"But {n.value} of the {many} do not count.", f"Of these, {n.value} {many} are taken off.")
            value = s.step("-", (value, n), f"That leaves {{}} {many}.", f"{{}} {many} remain.")
    s.say("friend", f"How many {many} are that for the friend?", f"How many {many} does the friend have in the end?")
