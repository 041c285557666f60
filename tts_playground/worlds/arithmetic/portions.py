"""Parts of groups, in fractions and percent: the family "portions"."""

from __future__ import annotations

from fractions import Fraction

from tts_playground.worlds.arithmetic.problem import Quantity
from tts_playground.worlds.arithmetic.story import Story, Unfit

GROUPS = (
    ("school", "pupils", ("walk to school", "take the bus", "play chess", "sing in a choir")),
    ("library", "books", ("are new", "are old", "are about animals", "are lent out")),
    ("firm", "workers", ("work at night", "work from home", "come by train", "speak French")),
    ("farm", "animals", ("are sheep", "are cows", "are young", "sleep outside")),
    ("village", "houses", ("are white", "are empty", "have a garden", "are made of wood")),
    ("club", "members", ("play tennis", "swim", "are children", "come on Sundays")),
    ("theatre", "seats", ("are red", "are taken", "are at the back", "are broken")),
    ("forest", "trees", ("are oaks", "are very old", "are small", "lose their leaves")),
)
FRACTIONS = (
    (1, 2),
    (1, 3),
    (2, 3),
    (1, 4),
    (3, 4),
    (1, 5),
    (2, 5),
    (3, 5),
    (4, 5),
    (1, 6),
    (5, 6),
    (3, 8),
    (5, 8),
    (3, 10),
    (7, 10),
)
PERCENTS = (5, 10, 15, 20, 25, 30, 35, 40, 45, 60, 65, 70, 75, 80)


def portions(s: Story) -> None:
    """A group, a part of it, a part of that, what is left, and what it comes to."""
    group, many, traits = s.pick(GROUPS)
    left, last = s.level, "start"
    n = s.number(20, 960, s.pick((1, 4, 10, 12, 20)))
    s.say(
        "whole",
        f"A {group} has {n.value} {many}.",
        f"There are {n.value} {many} in a {group}.",
        f"{n.value} {many} belong to a {group}.",
        also=(f"In a {group} there are {n.value} {many}.",),
    )
    value, whole, used, about = n, n, 0, many
    while left > 0:
        options = (
            ["percent", "fraction"]
            if used < 3 and last in ("start", "percent", "fraction", "more") and about != "dollars"
            else []
        )
        if used:
            options += ["rest"] if last in ("percent", "fraction") else []
            options += (["each", "more"] if about != "dollars" else ["more"]) if left < 3 else []
        if not options:
            options = ["more"]
        kind = s.pick(options)
        s.follows(last, kind)
        if kind in ("percent", "fraction"):
            trait = s.pick([t for t in traits if t not in about] or list(traits))
            whole = value
            value = _part(s, kind, many, value, used, trait)
            used, about = used + 1, about + trait
        elif kind == "rest":
            s.say("rest", f"Now take the rest of these {many}.", f"We look at the other {many}.")
            value = s.step("-", (whole, value), f"The rest is {{}} {many}.", f"The others are {{}} {many}.")
        elif kind == "each":
            value, about = _paid(s, value), "dollars"
        else:
            value = _added(s, "dollars" if about == "dollars" else many, value)
        left, last = left - 1, kind
    s.follows(last, "ask")
    what = "dollars" if about == "dollars" else many
    s.say(
        f"ask {last}",
        f"How many {what} are that?",
        f"How many {what} are there in this group?" if what != "dollars" else "What is the sum in dollars?",
        f"What is the number of {what}?",
    )


def _paid(s: Story, value: Quantity) -> Quantity:
    k = s.number(2, 28)
    s.say(
        "each",
        f"Each of them costs {k.value} dollars a month.",
        f"For every one of them {k.value} dollars are paid.",
    )
    return s.step("*", (value, k), "Together these are {} dollars.", "All of them cost {} dollars.")


def _added(s: Story, what: str, value: Quantity) -> Quantity:
    k = s.number(4, 240)
    s.say(
        "more",
        f"Then {k.value} {what} are added.",
        f"{k.value} {what} more come on top.",
        also=(f"Another {k.value} {what} come to them.", f"On top of that there are {k.value} {what} more."),
    )
    return s.step("+", (value, k), f"With them there are {{}} {what}.", f"That makes {{}} {what}.")


def _part(s: Story, kind: str, many: str, value: Quantity, used: int, trait: str) -> Quantity:
    these = f"the {many}" if not used else f"these {many}"
    if kind == "percent":
        shares = [one for one in PERCENTS if int(value.value) * one % 100 == 0]
        if not shares:
            raise Unfit
        share = s.pick(shares)
        s.say(kind, f"{share} percent of {these} {trait}.", f"Of {these}, {share} percent {trait}.")
        product = s.joined("*", value, Quantity(share))
        return s.step(
            "/",
            (product, Quantity(100)),
            f"{share} percent of {value.value} are {{}} {many}.".replace(f" of {value.value}", " of them"),
            f"So {{}} {many} {trait}.",
        )
    top, bottom = s.pick(FRACTIONS)
    if int(value.value) % bottom:
        raise Unfit
    s.say(kind, f"{top}/{bottom} of {these} {trait}.", f"Of {these}, {top}/{bottom} {trait}.")
    if top == 1:
        return s.step(
            "/", (value, Quantity(bottom)), f"{top}/{bottom} of them are {{}} {many}.", f"So {{}} {many} {trait}."
        )
    part = s.joined("/", value, Quantity(bottom))
    return s.step("*", (part, Quantity(top)), f"{top}/{bottom} of them are {{}} {many}.", f"So {{}} {many} {trait}.")


def recipes(s: Story) -> None:
    """Amounts with a point or a fraction, made larger and added."""
    s.fractions = s.decimals = True
    s.least = Fraction(1, 10)
    p = s.person()
    what = s.pick(("flour", "sugar", "rice", "milk", "juice", "honey", "oil", "water"))
    unit = "litres" if what in ("milk", "juice", "oil", "water") else "kg"
    first = _amount(s)
    s.say(
        "first",
        f"{p.name} has {s.text(first.value)} {unit} of {what}.",
        f"There are {s.text(first.value)} {unit} of {what} in {p.name}'s kitchen.",
    )
    value, last = first, "start"
    for _ in range(s.level):
        kind = s.pick([k for k in ("buys", "uses", "times", "shares") if k != last or k in ("buys", "uses")])
        s.follows(last, kind)
        if kind in ("buys", "uses"):
            n = _amount(s)
            if kind == "buys":
                s.say(
                    kind,
                    f"{p.They} buys {s.text(n.value)} {unit} more.",
                    f"Then {p.they} gets another {s.text(n.value)} {unit}.",
                    also=(f"{p.They} adds {s.text(n.value)} {unit} to it.",),
                )
            else:
                s.say(
                    kind,
                    f"{p.They} uses {s.text(n.value)} {unit} for a meal.",
                    f"Then {p.they} gives away {s.text(n.value)} {unit}.",
                )
            value = s.step(
                "+" if kind == "buys" else "-",
                (value, n),
                f"Now {p.they} has {{}} {unit}.",
                f"That makes {{}} {unit}." if kind == "buys" else f"That leaves {{}} {unit}.",
            )
        elif kind == "times":
            k = s.between(2, 9)
            s.say(
                kind,
                f"For a party {p.they} needs {k} times as much.",
                f"A cook needs {k} times that amount.",
                also=(f"A cook uses {k} times as much.", f"The amount that {p.they} needs is {k} times as large."),
            )
            value = s.step("*", (value, Quantity(k)), f"That is {{}} {unit}.", f"{k} times that amount is {{}} {unit}.")
        else:
            found = [k for k in (2, 4, 5, 8, 10) if 1000 % (Fraction(value.value) / k).denominator == 0]
            if not found:
                raise Unfit
            k = s.pick(found)
            s.say(
                kind,
                f"{p.They} puts it into {k} equal parts and keeps one of them.",
                f"{k} people share it equally, and {p.name} gets one part.",
            )
            value = s.step("/", (value, Quantity(k)), f"One part is {{}} {unit}.", f"Each part is {{}} {unit}.")
        last = kind
    if value.value > 5000 or 1000 % Fraction(value.value).denominator:
        raise Unfit
    s.say("ask", f"How many {unit} of {what} are that?", f"How many {unit} are that in the end?")


def _amount(s: Story) -> Quantity:
    tenths = s.between(5, 240) if s.chance(0.8) else 10 * s.between(2, 24)
    return Quantity(Fraction(tenths, 10) if tenths % 10 else tenths // 10)
