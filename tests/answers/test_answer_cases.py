"""Replies of models with the short answer in them, and answers with what they say: one table of each, by hand."""

import pytest

from tts_playground.answers import anls, contains, exact, final_answer

REPLIES = [
    ("After adding both bars I get \\boxed{42}.", "42"),
    ("So \\boxed{\\text{blue fish}} it is", "blue fish"),
    ("First \\boxed{1}, then \\boxed{\\frac{1}{2}}", "1/2"),
    ("\\boxed{42", "42"),
    ("The answer is \\boxed{B}", "B"),
    ("It rose by \\boxed{12\\%}.", "12%"),
    ("<think>maybe 17</think>\n<answer>42</answer>", "42"),
    ("<think>the answer is 17</think>It is long.\n<answer>\n  fish\n</answer>", "fish"),
    ("<answer>B. fish</answer>", "B"),
    ("<answer>The answer is 42.</answer>", "42"),
    ("<answer>42", "42"),
    ("<|begin_of_box|>42<|end_of_box|>", "42"),
    ("still thinking ... 17</think>42", "42"),
    ("<think>the bars are many, maybe cat or", ""),
    ("42 <think>or is it 17", "42"),
    ("The answer is 42", "42"),
    ("The answer is: **42**.", "42"),
    ("**Final Answer:** 42", "42"),
    ("The final answer is $42$.", "42"),
    ("The answer would be fish.", "fish"),
    ("The answer is 42 because 40 + 2 = 42.", "42"),
    ("The answer is fish. It is the largest.", "fish"),
    ("The answer is St. Louis", "St. Louis"),
    ("The correct option is B", "B"),
    ("The correct answer is (C) cat.", "C"),
    ("My choice: D", "D"),
    ("Option B is correct.", "B"),
    ("(B)", "B"),
    ("b)  fish", "B"),
    ("B.", "B"),
    ("B. fish", "B"),
    ("C) The red one", "C"),
    ("B. fish\nFish has the longest bar.", "B"),
    ("J. K. Rowling", "J. K. Rowling"),
    ("C. S. Lewis", "C. S. Lewis"),
    ("A cat", "A cat"),
    ("Answer: fish", "fish"),
    ("A: 42", "42"),
    ("Answer:\n\n42", "42"),
    ('{"answer": "fish"}', "fish"),
    ('```json\n{"reason": "long bar", "answer": 42}\n```', "42"),
    ('{"final_answer": ["cat", "fish"]}', "cat, fish"),
    ("step one\nstep two\nanswer: 7", "7"),
    ("answers vary.\n42", "42"),
]

SAID = [
    ("It is not 42", "42", False),
    ("It isn't 42", "42", False),
    ("not 42", "42", False),
    ("more than 42", "42", False),
    ("42 or more", "42", False),
    ("42+", "42", False),
    ("at least 42", "42", False),
    ("under 42", "42", False),
    ("I cannot answer; see page 42", "42", False),
    ("42 or 43", "42", False),
    ("42 is wrong", "42", False),
    ("I doubt that it is 42", "42", False),
    ("None of them is fish", "fish", False),
    ("The largest item is not fish.", "fish", False),
    ("The largest item is fish or cat.", "fish", False),
    ("It is 42.", "42", True),
    ("There are 42 bars in the chart.", "42", True),
    ("42 is the answer.", "42", True),
    ("The total equals 42.", "42", True),
    ("about 42", "42", True),
    ("42 cars", "42", True),
    ("Yes, it is.", "yes", True),
    ("Yes it is", "yes", True),
    ("No, there are three.", "no", True),
    ("Yes and no", "yes", False),
    ("Yes, but no", "yes", False),
    ("No. 5", "no", False),
    ("Nothing", "no", False),
    ("The largest item is fish.", "fish", True),
    ("It's fish", "fish", True),
    ("The largest item is the apple.", "apple", True),
    ("Fish is the largest item.", "fish", True),
    ("1.2M", "1,200,000", True),
    ("1.2 million", "1.2M", True),
    ("$3.5bn", "3,500,000,000 dollars", True),
    ("$5m", "$5,000,000", True),
    ("5m", "5 metres", True),
    ("1e3", "1000", True),
    ("2.5E-1", "0.25", True),
    ("12K", "12,000", True),
    ("", "A", False),
    ("the", "A", False),
    ("A", "A", True),
    ("A", "the", False),
    ("", "?", False),
    ("5", "5.04", False),
    ("2017", "2016.9", False),
    ("33.3", "33.33", True),
    ("12 0", "12 000", False),
    ("12,000", "12 000", True),
    ("12\u202f000", "12000", True),
    ("nineteen ninety", "1990", True),
    ("nineteen ninety-nine", "1999", True),
    ("twenty twenty one", "2021", True),
    ("nineteen hundred", "1900", True),
    ("two thousand nineteen", "2019", True),
    ("one hundred and five", "105", True),
    ("ninety-nine", "99", True),
    ("one two", "3", False),
    ("ten one", "11", False),
    ("42%", "42 %", True),
    ("−4", "-4", True),
    ("1", "2017", False),
]


@pytest.mark.parametrize(("reply", "answer"), REPLIES)
def test_the_answer_in_a_reply(reply, answer):
    assert final_answer(reply) == answer
    assert final_answer(final_answer(reply)) == answer


@pytest.mark.parametrize(("answer", "truth", "right"), SAID)
def test_what_an_answer_says(answer, truth, right):
    assert exact(answer, [truth]) is right
    assert exact(answer, ["something else", truth]) is right


def test_the_other_measures_stay_beside_it():
    assert contains("It is not 42", ["42"]) and anls("It is not 42", ["42"]) == 0
    assert contains("The largest item is fish in my eyes", ["fish"])


UNITS = ("is ", "12 ", "no ", "{", "\\boxed{", "<think>", '"answer": ', '{"answer":[', "1e9", "one ", "answer: ")


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_reply_is_read_in_a_moment(unit):
    """4,096 tokens are the longest replies; whatever they repeat, the work grows with their length alone."""
    reply = unit * (100_000 // len(unit))
    assert isinstance(exact(final_answer(reply), ["42"]), bool)
