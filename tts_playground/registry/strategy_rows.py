"""The strategies that ship, in the order in which menus show them."""

from __future__ import annotations

from tts_playground.registry.entry import rows_of

ANSWERS = ("vqa", "text")
"""tasks whose candidates say something that can be voted on"""
STRATEGIES = tuple(
    rows_of(
        "strategy",
        "strategies.",
        (
            "best-of-n",
            "best_of_n:BestOfN",
            {"label": "best-of-N", "summary": "independent draws, and the best is kept", "needs": "Sampler"},
        ),
        (
            "refine",
            "refine:Refine",
            {"label": "refine", "summary": "a few draws, then better neighbours of the best", "needs": "Neighbourhood"},
        ),
        (
            "parm",
            "parm:PARM",
            {
                "label": "PARM",
                "summary": "drops unlikely pictures early, and saves the rest of their tokens",
                "tasks": ("t2i",),
                "needs": "SteppedSampler",
            },
        ),
        (
            "gridar",
            "gridar:GridAR",
            {
                "label": "GridAR",
                "summary": "looks after a quarter and a half; rejects the worst and refills from the others",
                "tasks": ("t2i", "vqa"),
                "needs": "SteppedSampler",
            },
        ),
        (
            "smc",
            "smc:SMC",
            {
                "label": "particles (SMC)",
                "summary": "unfinished candidates are resampled by what they promise",
                "needs": "SteppedSampler",
            },
        ),
        (
            "beam",
            "beam:Beam",
            {
                "label": "beam search",
                "summary": "the best unfinished candidates go on, each with several continuations",
                "needs": "SteppedSampler",
            },
        ),
        (
            "dvts",
            "dvts:DVTS",
            {
                "label": "DVTS",
                "summary": "independent subtrees, each of which keeps its best child",
                "needs": "SteppedSampler",
            },
        ),
        (
            "rebase",
            "rebase:Rebase",
            {
                "label": "REBASE",
                "summary": "prefixes get continuations in proportion to what they promise; candidates vote",
                "needs": "SteppedSampler",
            },
        ),
        (
            "mcts",
            "mcts:MCTS",
            {
                "label": "MCTS",
                "summary": "walks through a tree, to where it promises most or was seldom looked",
                "needs": "SteppedSampler",
            },
        ),
        (
            "best-first",
            "best_first:BestFirst",
            {
                "label": "best-first search",
                "summary": "the most promising prefix anywhere in the tree goes on",
                "needs": "SteppedSampler",
            },
        ),
        (
            "stage-beam",
            "stage_beam:StageBeam",
            {
                "label": "stage beam",
                "summary": "a few candidates for each stage, compared in pairs, and one is kept",
                "needs": "SteppedSampler",
            },
        ),
        (
            "lookahead",
            "lookahead:Lookahead",
            {
                "label": "lookahead",
                "summary": "each step is chosen by where paths from it lead",
                "needs": "SteppedSampler",
            },
        ),
        (
            "revision",
            "revision:Revision",
            {
                "label": "revision",
                "summary": "chains of attempts, each made from the one before; needs a model that can revise",
                "needs": "RevisingSampler",
            },
        ),
        (
            "tournament",
            "tournament:Tournament",
            {
                "label": "tournament",
                "summary": "independent draws, knocked out in pairs",
                "needs": "Sampler",
            },
        ),
        (
            "adaptive",
            "adaptive:Adaptive",
            {
                "label": "adaptive N",
                "summary": "draws until the vote is settled",
                "tasks": ANSWERS,
                "needs": "Sampler",
            },
        ),
        (
            "confidence",
            "confidence:Confidence",
            {
                "label": "confidence (DeepConf)",
                "summary": "stops replies that were drawn without confidence; the confident ones vote",
                "tasks": ANSWERS,
                "needs": "Sampler",
            },
        ),
        (
            "budget-forcing",
            "budget_forcing:BudgetForcing",
            {
                "label": "budget forcing",
                "summary": "replies that end are told to wait and go on; needs a large model",
                "tasks": ANSWERS,
                "needs": "ContinuingSampler",
            },
        ),
        (
            "simulate",
            "simulate:Simulate",
            {
                "label": "simulation",
                "summary": "the model says what a step would lead to before it is drawn; needs a large model",
                "tasks": ANSWERS,
                "needs": "ContinuingSampler",
            },
        ),
        (
            "zero-order",
            "zero_order:ZeroOrder",
            {
                "label": "zero-order search",
                "summary": "looks around the first noise of the best candidate; needs a model that denoises",
                "tasks": ("t2i",),
                "needs": "NoiseSampler",
            },
        ),
        (
            "path-search",
            "path_search:PathSearch",
            {
                "label": "search over paths",
                "summary": "unfinished candidates are noised again and the best go on; needs a model that denoises",
                "tasks": ("t2i",),
                "needs": "NoiseSampler",
            },
        ),
        (
            "suffix",
            "suffix:Suffix",
            {
                "label": "suffix search",
                "summary": "redraws the end of the best candidate, and keeps what is better",
                "tasks": ("t2i", "vqa"),
                "needs": "SteppedSampler",
            },
        ),
    )
)
