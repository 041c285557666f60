"""Somebody has things, and things happen to them: the family "collections", one step an event."""

from __future__ import annotations

from tts_playground.worlds.arithmetic.people import PARTS, RELATIVES, TIMES, Countable, Person
from tts_playground.worlds.arithmetic.problem import Quantity
from tts_playground.worlds.arithmetic.story import Story, Unfit

GIFTS = ("a book", "a ball", "a hat", "a lamp", "a cake", "a bag", "a game", "a scarf")


def collections(s: Story) -> None:
    """A start, events, and a question about what is left of it."""
    person, thing = s.person(), s.thing()
    ending = s.pick(("count", "count", "share", "pack", "sell", "sell and spend"))
    left = s.level - {"count": 0, "share": 1, "pack": 1, "sell": 1, "sell and spend": 2}[ending]
    if left < 0:
        raise Unfit
    value, left, last = _start(s, person, thing, left)
    while left > 0:
        kind = s.pick([name for name, (cost, _) in _EVENTS.items() if cost <= left])
        s.follows(last, kind)
        value = _EVENTS[kind][1](s, person, thing, value)
        left, last = left - _EVENTS[kind][0], kind
    if not s.steps and ending == "count":
        raise Unfit
    s.follows(last, ending)
    _end(s, person, thing, value, ending)


def _start(s: Story, p: Person, t: Countable, left: int) -> tuple[Quantity, int, str]:
    kind = s.pick(("has", "holders", "two kinds", "two days")) if left > 0 else "has"
    if kind == "has":
        n = s.number(12, 480)
        s.say(
            t.many,
            f"{p.name} has {n.value} {t.many}.",
            f"{p.name} starts the week with {n.value} {t.many}.",
            f"{p.name} owns {n.value} {t.many}.",
            f"There are {n.value} {t.many} on {p.name}'s table.",
        )
        return n, left, kind
    if kind == "holders":
        k, m = s.number(3, 36), s.number(4, 48)
        s.say(
            t.many,
            f"{p.name} has {k.value} {t.holders} with {m.value} {t.many} in each.",
            f"{p.name} buys {k.value} {t.holders} of {t.many}, and each {t.holder} holds {m.value} {t.many}.",
            f"There are {m.value} {t.many} in every {t.holder}, and {p.name} has {k.value} {t.holders}.",
        )
        return (
            s.step(
                "*",
                (k, m),
                f"{p.name} has {{}} {t.many} at the start.",
                f"{k.value} {t.holders} of {m.value} make {{}} {t.many}.",
            ),
            left - 1,
            kind,
        )
    a, b = s.number(11, 290), s.number(11, 290)
    if kind == "two kinds":
        first, second = s.pick((("red", "green"), ("big", "small"), ("old", "new"), ("white", "yellow")))
        s.say(
            t.many,
            f"{p.name} has {a.value} {first} {t.many} and {b.value} {second} {t.many}.",
            f"{p.name} owns {a.value} {first} and {b.value} {second} {t.many}.",
            also=(f"Of {p.name}'s {t.many}, {a.value} are {first} and {b.value} are {second}.",),
        )
    else:
        s.say(
            t.many,
            f"{p.name} gets {a.value} {t.many} on Monday and {b.value} {t.many} on Tuesday.",
            f"On Monday {p.name} collects {a.value} {t.many}, and on Tuesday {p.they} collects {b.value} more.",
            also=(f"{a.value} {t.many} come on Monday, and {p.name} gets another {b.value} on Tuesday.",),
        )
    return (
        s.step("+", (a, b), f"Together these are {{}} {t.many}.", f"{p.name} has {{}} {t.many} at the start."),
        left - 1,
        kind,
    )


def _now(p: Person, t: Countable) -> tuple[str, ...]:
    return (f"Now {p.name} has {{}} {t.many}.", f"That makes {{}} {t.many}.", f"Then {p.they} has {{}} {t.many}.")


def _left(p: Person, t: Countable) -> tuple[str, ...]:
    return (f"{p.name} has {{}} {t.many} left.", f"That leaves {{}} {t.many}.", f"Then {p.they} keeps {{}} {t.many}.")


def _gain(s: Story, p: Person, t: Countable, value: Quantity) -> Quantity:
    n = s.number(6, 360)
    who = s.pick(RELATIVES)
    s.say(
        f"gain {t.many}",
        f"{p.Their} {who} gives {p.them} {n.value} more {t.many}.",
        f"{p.They} buys {n.value} more {t.many}.",
        f"Then {p.they} finds {n.value} {t.many} at home.",
        f"For {p.their} birthday {p.they} gets {n.value} {t.many}.",
        f"Later {p.they} collects another {n.value} {t.many}.",
    )
    return s.step("+", (value, n), *_now(p, t))


def _lose(s: Story, p: Person, t: Countable, value: Quantity) -> Quantity:
    n = s.number(5, max(6, min(420, int(value.value) - 2)))
    who = s.pick(RELATIVES)
    s.say(
        f"lose {t.many}",
        f"{p.They} gives {n.value} {t.many} to {p.their} {who}.",
        f"{p.They} loses {n.value} of {p.their} {t.many}.",
        f"Then {p.they} sells {n.value} {t.many}.",
        f"{p.They} leaves {n.value} {t.many} at school.",
        f"{p.Their} {who} takes {n.value} of the {t.many}.",
    )
    return s.step("-", (value, n), *_left(p, t))


def _times(s: Story, p: Person, t: Countable, value: Quantity) -> Quantity:
    k = s.between(2, 6)
    who = s.pick(RELATIVES)
    s.say(
        f"times {t.many}",
        f"A month later {p.they} has {TIMES[k]} as many {t.many} as that.",
        f"{p.Their} {who} then gives {p.them} so many that {p.they} has {TIMES[k]} as many {t.many}.",
        f"By the end of the year the number of {t.many} is {k} times as large.",
        also=(f"Then {p.they} gets so many that there are {k} times as many {t.many}.",),
    )
    return s.step("*", (value, Quantity(k)), *_now(p, t))


def _part(s: Story, p: Person, t: Countable, value: Quantity) -> Quantity:
    k = s.pick([one for one in PARTS if value.value % one == 0] or _unfit())
    who = s.pick(RELATIVES)
    s.say(
        f"part {t.many}",
        f"{p.They} gives {PARTS[k]} of {p.their} {t.many} to {p.their} {who}.",
        f"{p.They} sells {PARTS[k]} of the {t.many}.",
        f"Then {PARTS[k]} of the {t.many} get lost.",
    )
    gone = s.step(
        "/", (value, Quantity(k)), f"{PARTS[k].capitalize()} of the {t.many} is {{}}.", f"So {{}} {t.many} are gone."
    )
    return s.step("-", (value, gone), *_left(p, t))


def _holders(s: Story, p: Person, t: Countable, value: Quantity) -> Quantity:
    k, m = s.number(2, 24), s.number(4, 36)
    s.say(
        f"holders {t.many}",
        f"{p.They} buys {k.value} more {t.holders} with {m.value} {t.many} in each.",
        f"Then {p.they} gets {k.value} {t.holders} of {m.value} {t.many} each.",
        f"{p.Their} {s.pick(RELATIVES)} brings {k.value} {t.holders}, each with {m.value} {t.many}.",
    )
    more = s.step("*", (k, m), f"The {t.holders} hold {{}} {t.many}.", f"{p.They} gets {{}} more {t.many}.")
    return s.step("+", (value, more), *_now(p, t))


def _gifts(s: Story, p: Person, t: Countable, value: Quantity) -> Quantity:
    k, m = s.number(2, 12), s.number(2, 24)
    s.say(
        f"gifts {t.many}",
        f"{p.They} gives {m.value} {t.many} to each of {k.value} friends.",
        f"Each of {p.their} {k.value} friends gets {m.value} {t.many} from {p.them}.",
        f"For {k.value} days {p.they} gives away {m.value} {t.many} a day.",
    )
    gone = s.step("*", (k, m), f"{p.They} gives away {{}} {t.many}.", f"Together these are {{}} {t.many}.")
    return s.step("-", (value, gone), *_left(p, t))


def _percent(s: Story, p: Person, t: Countable, value: Quantity) -> Quantity:
    share = s.pick(
        [one for one in (5, 10, 15, 20, 25, 30, 40, 60, 75) if int(value.value) * one % 100 == 0] or _unfit()
    )
    s.say(
        f"percent {t.many}",
        f"{p.They} sells {share} percent of {p.their} {t.many}.",
        f"Then {share} percent of the {t.many} get lost.",
        f"{p.They} gives {share} percent of the {t.many} to a school.",
    )
    product = s.joined("*", value, Quantity(share))
    gone = s.step(
        "/", (product, Quantity(100)), f"{share} percent of the {t.many} is {{}}.", f"So {{}} {t.many} are gone."
    )
    return s.step("-", (value, gone), *_left(p, t))


_EVENTS = {
    "gain": (1, _gain),
    "lose": (1, _lose),
    "times": (1, _times),
    "part": (2, _part),
    "holders": (2, _holders),
    "gifts": (2, _gifts),
    "percent": (2, _percent),
}
"""name -> steps that it takes, and who tells it"""


def _unfit() -> list[int]:
    raise Unfit


def _end(s: Story, p: Person, t: Countable, value: Quantity, ending: str) -> None:
    if ending == "count":
        s.say(
            t.many,
            f"How many {t.many} does {p.name} have now?",
            f"How many {t.many} are there in the end?",
            f"What is the number of {p.name}'s {t.many} now?",
        )
    elif ending == "share":
        k = s.divisor(value.value, 2, 18)
        s.say(
            f"share {t.many}",
            f"{p.They} shares all {t.many} equally among {k} friends. How many {t.many} does each friend get?",
            f"How many {t.many} does each of {k} children get if {p.they} shares them equally?",
        )
        s.step(
            "/",
            (value, Quantity(k)),
            f"Each of them gets {{}} {t.many}.",
            f"Shared equally, that is {{}} {t.many} each.",
        )
    elif ending == "pack":
        k = s.divisor(value.value, 3, 24)
        s.say(
            f"pack {t.many}",
            f"{p.They} puts all {t.many} into {t.holders} of {k}. How many {t.holders} does {p.they} need?",
            f"How many {t.holders} can {p.they} fill if each {t.holder} holds {k} {t.many}?",
        )
        s.step("/", (value, Quantity(k)), f"{p.They} fills {{}} {t.holders}.", f"These are {{}} {t.holders}.")
    else:
        price = s.number(2, 24)
        s.say(
            f"sell {t.many}",
            f"{p.They} sells all {t.many} for {price.value} dollars each.",
            f"Then {p.they} sells every one of the {t.many} at {price.value} dollars.",
            also=(f"All {t.many} are sold, and each of them brings {price.value} dollars.",),
        )
        money = s.step("*", (value, price), f"{p.They} gets {{}} dollars.", "The price of all is {} dollars.")
        if ending == "sell":
            s.say("money", f"How many dollars does {p.they} get?", f"How much money does {p.name} get, in dollars?")
            return
        spent, gift = s.number(3, max(4, min(300, int(money.value) - 2))), s.pick(GIFTS)
        s.say(
            "spend",
            f"{p.They} buys {gift} for {spent.value} dollars.",
            f"{p.They} pays {spent.value} dollars for {gift}.",
            also=(f"For {gift} {p.they} spends {spent.value} dollars.",),
        )
        s.say("money left", f"How many dollars does {p.they} have left?", "How much money is left, in dollars?")
        s.step("-", (money, spent), f"{p.They} has {{}} dollars left.", "That leaves {} dollars.")
