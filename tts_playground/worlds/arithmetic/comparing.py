"""People compared with one another: the families "comparisons" and "ages"."""

from __future__ import annotations

from tts_playground.worlds.arithmetic.people import PARTS, TIMES, Person
from tts_playground.worlds.arithmetic.problem import Quantity
from tts_playground.worlds.arithmetic.story import Story, Unfit


def comparisons(s: Story) -> None:
    """How many each of several people has, from how many the others have."""
    t = s.thing()
    ending = s.pick(("last", "together", "difference")) if s.level > 1 else "last"
    links = s.level - (ending != "last")
    first = s.person()
    value = s.number(8, 240)
    s.say(t.many, f"{first.name} has {value.value} {t.many}.", f"{first.name} collects {value.value} {t.many}.")
    known: list[tuple[Person, Quantity]] = [(first, value)]
    last = "start"
    for _ in range(links):
        of, amount = known[-1] if s.chance(0.75) else s.pick(known)
        kind = s.pick(("more", "fewer", "times", "part"))
        s.follows(last, kind)
        known.append(_compared(s, kind, of, amount, f"{t.many}", t.many))
        last = kind
    s.follows(last, ending)
    if ending == "last":
        s.say(
            t.many,
            f"How many {t.many} does {known[-1][0].name} have?",
            f"Find the number of {known[-1][0].name}'s {t.many}.",
        )
    elif ending == "together":
        who = "" if len(known) > 2 else f" {known[0][0].name} and {known[1][0].name}"
        s.say(
            f"together {t.many}",
            f"How many {t.many} do {who.strip() or 'they all'} have together?",
            f"What is the total number of {t.many}?",
        )
        s.step("+", [node for _, node in known], f"Together they have {{}} {t.many}.", f"The total is {{}} {t.many}.")
    else:
        _difference(s, known, f"more {t.many}", t.many)


def _compared(s: Story, kind: str, of: Person, amount: Quantity, what: str, many: str) -> tuple[Person, Quantity]:
    who = s.person()
    then = (f"{who.name} has {{}} {many}.", f"So {who.name} has {{}} {many}.")
    if kind == "more":
        n = s.number(3, 180)
        s.say(
            f"more {many}",
            f"{who.name} has {n.value} more {what} than {of.name}.",
            f"{who.name} has {n.value} {what} more than {of.name}.",
        )
        return who, s.step("+", (amount, n), *then)
    if kind == "fewer":
        n = s.number(3, max(4, min(180, int(amount.value) - 2)))
        s.say(
            f"fewer {many}",
            f"{who.name} has {n.value} fewer {what} than {of.name}.",
            f"{of.name} has {n.value} more {what} than {who.name}.",
        )
        return who, s.step("-", (amount, n), *then)
    if kind == "times":
        k = s.between(2, 6)
        s.say(
            f"times {many}",
            f"{who.name} has {TIMES[k]} as many {what} as {of.name}.",
            f"The number of {who.name}'s {what} is {TIMES[k]} that of {of.name}.",
        )
        return who, s.step("*", (amount, Quantity(k)), *then)
    found = [one for one in PARTS if amount.value % one == 0]
    if not found:
        raise Unfit
    k = s.pick(found)
    part = PARTS[k].removeprefix("a ").removeprefix("an ")
    s.say(
        f"part {many}",
        f"{who.name} has {PARTS[k]} as many {what} as {of.name}.",
        f"{who.name} has only {PARTS[k]} of the number that {of.name} has.",
    ) if part else None
    return who, s.step("/", (amount, Quantity(k)), *then)


def _difference(s: Story, known: list[tuple[Person, Quantity]], more: str, many: str) -> None:
    (a, high), (b, low) = known[-1], s.pick(known[:-1])
    if high.value < low.value:
        a, high, b, low = b, low, a, high
    s.say(
        f"difference {many}",
        f"How many {more} does {a.name} have than {b.name}?",
        f"By how many {many} is {a.name} ahead of {b.name}?",
    )
    s.step("-", (high, low), f"The difference is {{}} {many}.", f"{a.name} has {{}} {many} more.")


def ages(s: Story) -> None:
    """How old people are, were and will be."""
    ending = s.pick(("last", "together", "later", "later together")) if s.level > 1 else s.pick(("last", "later"))
    links = s.level - {"last": 0, "together": 1, "later": 1, "later together": 2}[ending]
    if links < 0:
        raise Unfit
    first = s.person()
    age = s.number(6, 42)
    s.say("age", f"{first.name} is {age.value} years old.", f"{first.name} has just turned {age.value}.")
    known: list[tuple[Person, Quantity]] = [(first, age)]
    last = "start"
    for _ in range(links):
        of, amount = known[-1] if s.chance(0.7) else s.pick(known)
        kind = s.pick(("older", "younger", "times", "part", "ago"))
        s.follows(last, kind)
        known.append(_aged(s, kind, of, amount))
        last = kind
        if known[-1][1].value > 110:
            raise Unfit
    s.follows(last, ending)
    _age_asked(s, known, ending)


def _aged(s: Story, kind: str, of: Person, age: Quantity) -> tuple[Person, Quantity]:
    who = s.person()
    then = (f"{who.name} is {{}} years old.", f"So {who.name}'s age is {{}} years.")
    if kind in ("older", "younger"):
        n = s.number(2, 34 if kind == "older" else max(3, min(34, int(age.value) - 2)))
        s.say(
            kind,
            f"{who.name} is {n.value} years {kind} than {of.name}.",
            f"{of.name}'s friend {who.name} is {n.value} years {kind}.",
        )
        return who, s.step("+" if kind == "older" else "-", (age, n), *then)
    if kind == "times":
        k = s.between(2, 5)
        s.say(
            kind,
            f"{who.name} is {TIMES[k]} as old as {of.name}.",
            f"The age of {who.name} is {TIMES[k]} that of {of.name}.",
        )
        return who, s.step("*", (age, Quantity(k)), *then)
    if kind == "ago":
        n = s.number(2, max(3, min(20, int(age.value) - 3)))
        s.say(
            kind,
            f"{who.name} is as old as {of.name} was {n.value} years ago.",
            f"{who.name} is now as old as {of.name} was {n.value} years ago.",
            also=(f"{n.value} years ago {of.name} was as old as {who.name} is now.",),
        )
        return who, s.step("-", (age, n), *then)
    k = s.divisor(age.value, 2, 6)
    s.say(
        kind,
        f"{who.name} is {PARTS.get(k) or _bad()} as old as {of.name}.",
        f"{of.name} is {TIMES.get(k)} as old as {who.name}.",
        also=(f"The age of {of.name} is {TIMES.get(k)} that of {who.name}.",),
    )
    return who, s.step("/", (age, Quantity(k)), *then)


def _bad() -> str:
    raise Unfit


def _age_asked(s: Story, known: list[tuple[Person, Quantity]], ending: str) -> None:
    who, age = known[-1]
    if ending == "last":
        s.say("ask", f"How old is {who.name}?", f"What is the age of {who.name}, in years?")
        return
    total = age
    everybody = f"{known[0][0].name} and {known[1][0].name}" if len(known) == 2 else "they"
    if ending in ("together", "later together"):
        if len(known) < 2:
            raise Unfit
        total = s.step(
            "+", [node for _, node in known], "Their ages add up to {} years.", "Together they are {} years old."
        )
    if ending == "together":
        s.say("together", "What is the sum of their ages?", f"How old are {everybody} together?")
        return
    years = s.number(2, 24)
    if ending == "later":
        s.say(
            "later",
            f"How old will {who.name} be in {years.value} years?",
            f"What will the age of {who.name} be {years.value} years from now?",
        )
        s.step(
            "+",
            (total, years),
            f"In {years.value} years {who.name} will be {{}} years old.",
            f"Then {who.name} will be {{}}.",
        )
        return
    s.say(
        "later",
        f"What will the sum of their ages be in {years.value} years?",
        f"How old will {everybody} be together in {years.value} years?",
    )
    more = s.joined("*", years, Quantity(len(known)))
    s.step(
        "+",
        (total, more),
        f"Each of the {len(known)} will be {years.value} years older, so the sum will be {{}} years.",
        "Then their ages will add up to {} years.",
    )
