"""Answers compared as mathematics: numbers at once, the rest in a process that can be stopped."""

import subprocess
import sys
import threading
import time

import pytest

from tts_playground.answers import equality
from tts_playground.answers.numbers import read_number
from tts_playground.tasks.reasoning import ReasoningTask

NUMBERS = ["7", "-7", "1,200", "0.5", "1/2", r"\frac{1}{2}", r"\dfrac12", "1 1/2", "$3.50$", "\u22124", "12."]
NUMBERS += ["1e3", "-2.5E-2", "1,000e2", "½", "2½", "-1 ¾", r"\$1,234.50", "5€", "-£5", "5 €"]


@pytest.mark.parametrize("text", NUMBERS)
def test_plain_numbers_are_read_without_the_worker(text, monkeypatch):
    monkeypatch.setattr(equality, "_asked", lambda *_: pytest.fail("asked"))
    number = read_number(text)
    assert number is not None and equality.equal(f"{number.numerator}/{number.denominator}", text)
    assert not equality.equal(f"{number.numerator + 1}/{number.denominator}", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "3 dollars",
        "1/0",
        r"\frac{1}{0}",
        "1.2.3",
        "--3",
        "1" * 500,
        "1,2",
        "1e",
        "1e999",
        "5$5",
        "$$5$$",
        "2 3½",
    ],
)
def test_what_is_no_number(text):
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("truth", "said", "same"),
    [
        (r"2\sqrt{3}", r"\sqrt{12}", True),
        ("x^2-1", "(x-1)(x+1)", True),
        (r"\frac{\pi}{2}", r"0.5\pi", True),
        ("2", r"\sqrt{4}", True),
        (r"\left(1, 2\right)", "(1,2)", True),
        (r"\text{Tuesday}", "tuesday", True),
        ("[0,1)", "[0,1]", False),
        ("x+1", "x+2", False),
        ("3", "", False),
        ("5", "5 dollars", True),
        ("1200", "1,200 square meters", True),
        ("5", "6 dollars", False),
        ("5", "5 million", False),
        ("5", "more than 5", False),
        ("", "", True),
        ("", " ", True),
        ("__import__('os').getcwd()", "1", False),
    ],
)
def test_mathematics(truth, said, same):
    assert equality.equal(truth, said) is same


ASKED = r"""
import sys
from tts_playground.answers import equality_worker

def lines():
    known = set(sys.modules)
    yield '["\\\\frac{\\\\pi}{2}", "0.5\\\\pi"]'
    yield '["x^2-4", "(x-2)(x+2)"]'
    print(sorted(set(sys.modules) - known))

sys.stdin = lines()
equality_worker.serve()
"""


def test_what_comparing_imports_is_there_before_anybody_asks():
    """On a slow machine, and without compiled files, that takes longer than one comparison may."""
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["ready", "true", "true", "[]", ""]


def test_an_answer_without_end_is_stopped_and_the_next_is_read():
    assert equality.equal("x+1", "1+x")  # it runs by now
    began = time.monotonic()
    assert not equality.equal("9^{9^{9^{9}}}+x", "9^{9^{9^{8}}}+x")
    assert time.monotonic() - began < 30 * equality.SECONDS
    assert equality.equal("y+1", "1+y")


def test_threads_may_ask():
    found = []

    def ask(number):
        found.append(equality.equal(f"x+{number}", f"{number}+x"))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


def test_without_math_verify_text_is_compared(monkeypatch):
    worker = equality._Worker()
    monkeypatch.setattr(equality.sys, "executable", "/nonexistent/python")
    assert not worker.equal("x+1", "1+x")


def test_groups_name_equal_answers_alike():
    said = ["0.5", "1/2", r"\sqrt{4}", "2", "", "7", "2.0", r"\frac12", ""]
    named = equality.groups(said)
    assert named[0] == named[1] == named[7] and named[2] == named[3] == named[6]
    assert named[4] == named[8] == "" and len(set(named)) == 4


def test_a_task_holds_answers_to_its_truth():
    task = ReasoningTask("What is a half?", "1/2")
    assert task.right("0.5") and not task.right("0.25") and not task.right("")
