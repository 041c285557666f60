"""The rules of the queue: turns, bounds, words for a refusal, and who listens."""

from collections import Counter

import pytest

from tts_playground.errors import BadInput
from tts_playground.pages.fair_queue import (
    HEAVY,
    PER_ADDRESS,
    Bounds,
    Hearing,
    Job,
    Recent,
    address_of,
    bounds,
    in_turn,
    refusal,
    rounded,
)


def jobs(sessions):
    """One job a letter, in the order in which they came; all from one address."""
    return [Job(session, "one", float(number)) for number, session in enumerate(sessions)]


def order(waiting, running=(), **served):
    return "".join(waiting[place].session for place in in_turn(waiting, Counter(running), served))


def test_sessions_take_turns():
    assert order(jobs("aaaab")) == "abaaa"
    assert order(jobs("abcabc")) == "abcabc"
    assert order(jobs("aaabbc")) == "abcaba"


def test_who_has_a_job_at_work_comes_after_who_has_none():
    assert order(jobs("aab"), running="a") == "baa"
    assert order(jobs("aab"), running="ab") == "aba"


def test_who_was_served_last_comes_last():
    assert order(jobs("ab"), a=10.0) == "ba"
    assert order(jobs("ab"), a=10.0, b=11.0) == "ab"


def test_new_sessions_do_not_overtake_one_that_waits():
    """A client that gives itself a new name for every job gets no more than a place at the end."""
    waiting = [Job("old", "one", 5.0), *(Job(f"new {number}", "two", 6.0 + number) for number in range(50))]
    assert in_turn(waiting, {}, {"old": 4.0})[0] == 0


def test_one_who_floods_waits_behind_its_own():
    """Served one by one while the others come again and again."""
    waiting, served, taken = jobs("a" * 16), {}, []
    for now in range(100, 130):
        if now % 3 == 0:
            waiting.append(Job("b", "two", now))
        job = waiting.pop(in_turn(waiting, Counter(), served)[0])
        served[job.session] = now + 0.5
        taken.append(job.session)
        if not waiting:
            break
    assert all(taken[place] == "b" for place in range(3, 15, 3)), taken


def test_turns_survive_any_order_of_the_list():
    waiting = jobs("aabbc")
    assert order(waiting[::-1]) == order(waiting) == "abcab"


SMALL = Bounds(everybody=6, address=4, session=2)


@pytest.mark.parametrize(
    ("waiting", "who", "words"),
    [
        ("aa", Job("a", "one", 9), "You have 2 requests waiting already: "),
        ("abcd", Job("e", "one", 9), "Your network has 4 requests waiting already: "),
        ("abcdefg", Job("h", "two", 9), "The queue is full, with 7 requests waiting: "),
        ("abc", Job("d", "one", 9), None),
        ("aa", Job("b", "two", 9), None),
        ("", Job("a", "one", 9), None),
    ],
)
def test_bounds(waiting, who, words):
    told = refusal(who, jobs(waiting), SMALL, each=3.0, at_once=1)
    assert (told is None) if words is None else (told is not None and told.sentence.startswith(words))


def test_a_refusal_says_how_long_to_wait():
    waiting = jobs("bbaa")  # there is room when the first of one's own is taken, after three
    told = refusal(Job("a", "two", 9), waiting, SMALL, each=4.0, at_once=1)
    assert told is not None
    assert told.seconds == 15 and told.sentence.endswith(": try again in about 15 seconds.")
    told = refusal(Job("a", "two", 9), waiting, SMALL, each=4.0, at_once=2)
    assert told is not None and told.seconds == 6


def test_one_request_is_singular():
    told = refusal(Job("a", "two", 9), jobs("a"), Bounds(9, 9, 1), each=1.0, at_once=1)
    assert told is not None and told.sentence == "You have 1 request waiting already: try again in about 1 second."


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, (1, "1 second")), (7.2, (8, "8 seconds")), (58, (60, "1 minute")), (61, (120, "2 minutes"))],
)
def test_times_in_words(seconds, said):
    assert rounded(seconds) == said
    assert rounded(10**6) == (3600, "60 minutes")


def test_a_classroom_is_within_the_bounds():
    assert HEAVY.address >= 60 and HEAVY.session >= 10
    class_ = [Job(f"page {number}", "school", number) for number in range(30)]
    assert refusal(Job("page 30", "school", 31), class_, HEAVY, each=None, at_once=1) is None


def test_calls_without_a_session_are_bound_by_their_address_only():
    waiting = [Job("one", "one", number) for number in range(SMALL.session)]
    assert refusal(Job("one", "one", 9), waiting, SMALL, each=None, at_once=1) is None


def test_the_environment_sets_the_bound_of_an_address(monkeypatch):
    monkeypatch.setenv(PER_ADDRESS, "5")
    heavy, light = bounds(200)
    assert (heavy.address, light.address, heavy.everybody) == (5, 50, 200)
    monkeypatch.delenv(PER_ADDRESS)
    assert bounds(7)[0].address == HEAVY.address and bounds(7)[0].everybody == 7


@pytest.mark.parametrize("text", ["0", "-3", "many", "1.5"])
def test_a_bound_that_is_no_number_is_one_sentence(monkeypatch, text):
    monkeypatch.setenv(PER_ADDRESS, text)
    with pytest.raises(BadInput, match=PER_ADDRESS):
        bounds(200)


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("192.0.2.7", "", False, "192.0.2.7"),
        ("192.0.2.7", "10.0.0.1, 198.51.100.2", False, "192.0.2.7"),
        ("10.1.1.1", "6.6.6.6, 198.51.100.2", True, "198.51.100.2"),
        ("10.1.1.1", "", True, "10.1.1.1"),
        ("10.1.1.1", "nonsense", True, "10.1.1.1"),
        ("2001:db8:1:2:3:4:5:6", "", False, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "", False, "192.0.2.7"),
        ("testclient", "", False, "testclient"),
    ],
)
def test_addresses(peer, forwarded, trusted, address):
    assert address_of(peer, forwarded, trusted=trusted) == address


def test_recent_times_forget_old_ones():
    kept = Recent()
    assert (kept.count, kept.avg_time) == (0, 0.0)
    for seconds in [1000.0] * 5 + [2.0] * Recent.KEPT:
        kept.add(seconds)
    assert kept.avg_time == 2.0


def test_jobs_that_nobody_listens_to_are_late_after_their_looks():
    hearing = Hearing()
    looks = [hearing.look([("job", "page", 2)]) for _ in range(3)]
    assert looks == [[], [], ["job"]]


def test_listening_starts_the_count_anew():
    hearing, job = Hearing(), [("job", "page", 1)]
    assert hearing.look(job) == []
    hearing.begins("page")
    hearing.begins("page")
    assert hearing.look(job) == hearing.look(job) == []
    hearing.ends("page")
    assert hearing.hears("page") and hearing.look(job) == []
    hearing.ends("page")
    assert not hearing.hears("page")
    assert [hearing.look(job), hearing.look(job)] == [[], ["job"]]
