"""A reply written again, word by word: how the drawn replies that began the same went on. From what is stored."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Sequence

from tts_playground.errors import plural
from tts_playground.pages.vqa.page_state import VqaPageState

SHOWN, LONGEST = 8, 400
"""ways to go on that are shown; words of a reply that are played"""
NOTHING = '<p class="what">A reply is written again here, word by word, once there is one.</p>'


def pieces(text: str) -> list[str]:
    """A text as words, each with the blanks before it; together they are the text."""
    return re.findall(r"\s*\S+|\s+$", text)


def ways(replies: Sequence[Sequence[str]], mine: Sequence[str]) -> list[Counter[str]]:
    """For each word of a reply: how the replies that agree with it up to there went on; "" where one ended."""
    found, alike = [], list(replies)
    for place, word in enumerate(mine):
        found.append(Counter(reply[place] if place < len(reply) else "" for reply in alike))
        alike = [reply for reply in alike if place < len(reply) and reply[place] == word]
    return found


def board(work: VqaPageState | None, place: int | None = None) -> str:
    """The reply at a place, or else the one that the verifier picks, as a board that the browser plays."""
    if work is None or not work.samples:
        return NOTHING
    picks = {} if work.result is None else work.result.picks
    place = picks.get("verifier", picks.get("majority", 0)) if place is None else place
    place = min(max(place, 0), len(work.samples) - 1)
    replies = [pieces(str(sample.content))[:LONGEST] for sample in work.samples]
    mine = replies[place]
    if not mine:
        return '<p class="what">This reply is empty.</p>'
    counts = ways(replies, mine)
    told = {
        "words": mine,
        "names": [word.strip() or "(end)" for word in mine],
        "p": [round(one[word] / one.total(), 4) for one, word in zip(counts, mine, strict=True)],
        "top": [_top(one) for one in counts],
        "said": [_said(i, mine, one) for i, one in enumerate(counts)],
    }
    title = html.escape(f"Reply {place + 1} of {len(replies)} to “{work.task.question[:80]}”")
    data = html.escape(json.dumps(told, separators=(",", ":")), quote=True)
    return f'<div class="replay-board" data-replay="text" data-title="{title}" data-told="{data}"></div>'


def _top(counts: Counter[str]) -> list[tuple[str, float]]:
    """The most frequent ways to go on, with their shares."""
    merged: Counter[str] = Counter()
    for word, count in counts.items():
        merged[word.strip() or "(end)"] += count
    return [(word[:40], round(count / counts.total(), 4)) for word, count in merged.most_common(SHOWN)]


def _said(i: int, mine: Sequence[str], counts: Counter[str]) -> str:
    here, all_ = counts[mine[i]], counts.total()
    word = f"Word {i + 1} of {len(mine)}: "
    if all_ == 1:
        return word + "no other reply began like this."
    if here == all_:
        return word + f"all {all_} replies that began like this go on the same way."
    return word + f"of {plural(all_, 'reply').replace('replys', 'replies')} that began like this, {here} went on so."
