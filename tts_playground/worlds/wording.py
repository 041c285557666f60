"""The words of the infographics world: themes with their items, colours, and every way a question may be put."""

from __future__ import annotations

THEMES: dict[str, tuple[str, ...]] = {
    "fruit": ("apple", "banana", "cherry", "date", "fig", "grape", "kiwi", "lemon", "lime", "mango", "melon", "peach",
              "pear", "plum"),
    "animals": ("ant", "bear", "bee", "cat", "cow", "deer", "dog", "duck", "fox", "goat", "hen", "horse", "owl", "pig",
                "sheep", "tiger", "wolf", "zebra"),
    "cities": ("berlin", "cairo", "delhi", "lima", "london", "madrid", "oslo", "paris", "quito", "rome", "seoul",
               "tokyo", "vienna"),
    "countries": ("chile", "china", "cuba", "egypt", "france", "india", "iran", "italy", "japan", "kenya", "mali",
                  "nepal", "peru", "spain"),
    "sports": ("boxing", "chess", "golf", "hockey", "judo", "rowing", "rugby", "skiing", "soccer", "surf", "tennis",
               "yoga"),
    "months": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    "days": ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    "drinks": ("cider", "cocoa", "coffee", "cola", "juice", "milk", "soda", "tea", "water", "wine"),
    "metals": ("brass", "copper", "gold", "iron", "lead", "nickel", "silver", "steel", "tin", "zinc"),
    "tools": ("axe", "brush", "drill", "hammer", "knife", "ladder", "nail", "pen", "rope", "saw", "wrench"),
    "music": ("banjo", "bass", "cello", "drum", "flute", "guitar", "harp", "horn", "organ", "piano", "viola", "violin"),
    "people": ("adam", "anna", "ben", "carl", "emma", "eva", "jack", "kim", "leo", "lisa", "max", "mia", "noah", "olga",
               "sam", "tom", "zoe"),
}  # fmt: skip
TITLES: dict[str, tuple[str, ...]] = {
    "fruit": ("fruit sold", "fruit"),
    "animals": ("animals", "zoo visits"),
    "cities": ("cities", "hotels"),
    "countries": ("countries", "exports"),
    "sports": ("sports", "club size"),
    "months": ("rain", "sales"),
    "days": ("visitors", "orders"),
    "drinks": ("drinks", "cups sold"),
    "metals": ("metals", "price"),
    "tools": ("tools", "in stock"),
    "music": ("music", "lessons"),
    "people": ("points", "score"),
}
COLORS = ("red", "blue", "green", "orange", "purple", "yellow", "pink", "brown", "gray", "teal")

READ, LABEL_OF, HIGHEST, LOWEST, MOST, LEAST = "read", "label_of", "highest", "lowest", "most", "least"
COMPARE, SUM, DIFFERENCE, TOTAL = "compare", "sum", "difference", "total"
ABOVE, COUNT, COLOR_OF, OF_COLOR, TITLE = "above", "count", "color_of", "of_color", "title"

TEMPLATES: dict[str, tuple[str, ...]] = {
    READ: (
        "what is the value of {a}?",
        "what is the value for {a}?",
        "how much is {a}?",
        "read the value of {a}.",
        "which number belongs to {a}?",
    ),
    LABEL_OF: (
        "which item has the value {v}?",
        "what has the value {v}?",
        "which one is {v}?",
        "the value {v} belongs to which item?",
    ),
    HIGHEST: (
        "which item is the largest?",
        "which item has the highest value?",
        "what is the largest item?",
        "which one has the largest value?",
    ),
    LOWEST: (
        "which item is the smallest?",
        "which item has the lowest value?",
        "what is the smallest item?",
        "which one has the smallest value?",
    ),
    MOST: ("what is the highest value?", "what is the largest value?", "what is the largest number?"),
    LEAST: ("what is the lowest value?", "what is the smallest value?", "what is the smallest number?"),
    COMPARE: (
        "which is larger, {a} or {b}?",
        "is {a} or {b} larger?",
        "which is higher, {a} or {b}?",
        "which of {a} and {b} is larger?",
    ),
    SUM: (
        "what is the sum of {a} and {b}?",
        "what is {a} plus {b}?",
        "how much are {a} and {b} together?",
        "add {a} and {b}.",
    ),
    DIFFERENCE: (
        "what is the difference between {a} and {b}?",
        "what is the difference of {a} and {b}?",
        "how far apart are {a} and {b}?",
        "by how much do {a} and {b} differ?",
    ),
    TOTAL: (
        "what is the total of all items?",
        "what is the sum of all values?",
        "how much are all items together?",
        "what do all values add up to?",
    ),
    ABOVE: (
        "how many items are above {v}?",
        "how many items are higher than {v}?",
        "how many values are larger than {v}?",
    ),
    COUNT: ("how many items are there?", "how many items are shown?", "what is the number of items?"),
    COLOR_OF: ("what color is {a}?", "what is the color of {a}?", "which color has {a}?"),
    OF_COLOR: ("which item is {c}?", "what item is {c}?", "which item is shown in {c}?"),
    TITLE: ("what is the title?", "what is the title of the figure?", "which title does the figure have?"),
}
"""question kind -> wordings; the last of each is heard in the evaluation only"""

SHARES: dict[str, float] = {
    READ: 0.20, LABEL_OF: 0.10, HIGHEST: 0.09, LOWEST: 0.09, MOST: 0.07, LEAST: 0.07, COMPARE: 0.04, SUM: 0.12,
    DIFFERENCE: 0.09, TOTAL: 0.03, ABOVE: 0.02, COUNT: 0.02, COLOR_OF: 0.02, OF_COLOR: 0.02, TITLE: 0.02,
}  # fmt: skip
"""how often each kind is asked"""


LIST_PROMPT = "list all items with their values."
"""asked of every training picture: reading everything is the quickest way to learn to read"""


def verify_prompt(question: str, answer: str) -> str:
    """The yes/no question of the verifier about a proposed answer."""
    return f"Question: {question}\nProposed answer: {answer}\nIs this correct? Answer yes or no."


def rating_prompt(question: str, answer: str) -> str:
    """The question for a rating from 0 to 10 of a proposed answer."""
    return f"Question: {question}\nProposed answer: {answer}\nRate this answer from 0 to 10."


def shows_prompt(text: str) -> str:
    """VQAScore's question (Lin et al. 2024): does the picture show the text?"""
    return f"Does this figure show '{text}'? Please answer yes or no."
