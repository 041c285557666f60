"""The lab's questions as one-click experiments: what each sets, what it draws, and what to look at. Data, no code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tts_playground.pages.t2i.view_settings import T2iView, guidance


@dataclass(frozen=True, slots=True)
class Stop:
    """One question."""

    key: str
    title: str
    """on its button"""
    look_at: str
    """what to see, in a few sentences"""
    action: str = "draw"
    """"draw", "several" prompts, "sweep", or "nothing" where the person acts"""
    section: str = ""
    """which section opens"""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """settings that differ from the fresh page's"""

    def view(self, now: T2iView) -> T2iView:
        """The page's view with this question's settings; the prompt, the model and the rewards stay."""
        usual = {"temperature": 1.0, "cfg": guidance(now.model), "top_p": 1.0, "top_k": 0}
        return replace(now, **usual | dict(self.changes))


STOPS = (
    Stop(
        "one-token",
        "1.1 One token at a time",
        "Watch the rows come in: every patch is drawn from a distribution over the codebook, given all before it. Press"
        " “Look closer”, click a patch, and move temperature: the bars are what the next token was drawn from. Where in"
        " the image is the model certain, and where does it hesitate (entropy map)?",
        section="scope",
        changes={"n": 4},
    ),
    Stop(
        "more",
        "1.2 More images",
        "One curve a prompt, and their average. Every tick doubles N: a straight line is a logarithm, a bend is"
        " saturation. Does the gain dry up, and on which prompts first? The histogram says why: the best of N lives off"
        " the right tail. Only N up to half of the pool is solid; beyond it the estimate leans on few images.",
        action="several",
        changes={"n": 64},
    ),
    Stop(
        "temperature",
        "1.3 Temperature and CFG",
        "Rows are temperatures, columns are guidances. Down a column the images spread (diversity), single draws get"
        " worse, and best-of-N gains more. In the dots, the length of a line from open to filled is what choosing buys."
        " For which temperature is the filled dot highest, and for which the open one?",
        action="sweep",
        section="sweep",
    ),
    Stop(
        "greedy",
        "1.3 T = 0.0001",
        "All sixteen images are one image: dividing the logits by almost nothing leaves one token at every step. The"
        " curve is flat: with no diversity, more compute buys nothing. That is greedy decoding.",
        changes={"n": 16, "temperature": 0.0001},
    ),
    Stop(
        "no-guidance",
        "Bonus: CFG = 1",
        "Without guidance the prompt counts for less: single draws are worse and more diverse, and each costs half the"
        " tokens. Does best-of-N make up for it? Compare with CFG 5 at twice the images.",
        changes={"n": 16, "cfg": 1.0},
    ),
    Stop(
        "too-much",
        "Bonus: CFG = 100",
        "The difference between the logits with and without the prompt is multiplied by 100: a few tokens take all"
        " probability. Look for harsh colours, repeats, and images that resemble each other; the histogram narrows.",
        changes={"n": 16, "cfg": 100.0},
    ),
    Stop(
        "rewards",
        "1.4 A second reward",
        "First figure: do the two agree, image by image? Second: the first reward's pick, measured by both. If the"
        " second falls while the first rises, best-of-N over-optimises the first: the more it draws, the better it"
        " finds what only fools it. Then pick your own favourite in the gallery: which reward agrees with you?",
        section="pair",
        changes={"n": 64},
    ),
    Stop(
        "beyond",
        "1.5 Beyond best-of-N",
        "Press “Compare”. Best-of-N finishes every image; these strategies look at unfinished ones and move the tokens"
        " to where they promise more. Points whose whole bar is above the line win, at as many tokens. The trace shows"
        " who was dropped, when: can half an image be judged at all?",
        action="nothing",
        section="beyond",
    ),
    Stop(
        "rl",
        "1.6 TTS and RL",
        "Best-of-N is a policy of its own, at most log N - (N-1)/N nats away from the model: the axis of the third"
        " figure. Reinforcement learning writes that shift into the weights. What no draw out of many contains, neither"
        " will find (arXiv:2504.13837): compare what one draw gives with what the best of 64 gives.",
        section="pair",
        changes={"n": 64},
    ),
)
