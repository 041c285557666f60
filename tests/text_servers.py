"""A server that continues texts as vLLM does: seeds, stop strings, half-written replies, logprobs and usage."""

import math
import random

from endpoint_servers import Answer, refusal

WORDS = ["two", " and", " three", " is", " 5", " so", ".", "\n\n", "\n\n", " $\\boxed{5}$"]
ENDS = 0.06
"""chance at each token that the text ends"""


def chat(seen):
    """Chat completions: the last message of the assistant goes on, with the flags that vLLM wants for it."""
    body = seen.body
    last = body["messages"][-1]
    goes_on = last["role"] == "assistant"
    if goes_on != bool(body.get("continue_final_message")) or (goes_on and body.get("add_generation_prompt", True)):
        return refusal("continue_final_message and add_generation_prompt do not go together with this conversation")
    choice = _continued(body, last["content"] if goes_on else "", "".join(one["content"] for one in body["messages"]))
    choice["message"] = {"role": "assistant", "content": choice.pop("text")}
    choice["logprobs"] = {"content": [{"token": t, "logprob": p} for t, p in choice.pop("rows")]}
    return _answer(choice)


def completions(seen):
    """The old protocol of plain texts."""
    choice = _continued(seen.body, "", seen.body["prompt"])
    rows = choice.pop("rows")
    choice["logprobs"] = {"tokens": [t for t, _ in rows], "token_logprobs": [p for _, p in rows]}
    return _answer(choice)


def trimming(seen):
    """As ``chat``, by a template that trims what it is given: the blank line before a continuation is lost."""
    last = seen.body["messages"][-1]
    trimmed = last["role"] == "assistant" and last["content"].endswith("\n\n")
    answer = chat(seen)
    if trimmed and answer.status == 200:
        (choice,) = answer.body["choices"]
        if not seen.body.get("min_tokens"):
            choice |= {"finish_reason": "stop", "stop_reason": "\n\n", "logprobs": {"content": [_row("\n\n")]}}
            choice["message"]["content"] = "\n\n"
        else:
            choice["message"]["content"] = "\n\n" + choice["message"]["content"]
    return answer


def leaving_out(seen):
    """As ``chat``, of a server that leaves the stop string out and names it."""
    answer = chat(seen)
    for choice in answer.body.get("choices", []) if answer.status == 200 else []:
        if choice["stop_reason"]:
            choice["message"]["content"] = choice["message"]["content"].removesuffix(choice["stop_reason"])
    return answer


def uncounted(seen):
    """As ``chat``, of a server that neither counts tokens nor shows them."""
    answer = chat(seen)
    answer.body.pop("usage")
    answer.body["choices"][0].pop("logprobs")
    return answer


def refusing_halves(play):
    """As ``play``, of a server that knows no ``continue_final_message``."""

    def answered(seen):
        if "continue_final_message" in seen.body:
            return refusal("Unrecognized request argument supplied: continue_final_message")
        return play(seen)

    return answered


def recited(steps, how):
    """A server that always says the same steps, without counting tokens.

    Args:
        how: "vllm"; "matched_stop" trims the stop string and names it as SGLang does, "unnamed" names nothing; "echo"
            sends the half-written reply again; "begins anew" knows no half-written replies; "all at once" knows no stop
            strings.
    """

    def play(seen):
        last = seen.body["messages"][-1]
        goes_on = last["role"] == "assistant" and how != "begins anew"
        said = last["content"] if goes_on else ""
        left = list(steps[said.count("\n\n") :]) if said else list(steps)
        stops = "\n\n" in seen.body.get("stop", ()) and how != "all at once" and len(left) > 1
        text = (f"{left[0]}\n\n" if stops else "\n\n".join(left)) if left else ""
        choice = {"index": 0, "finish_reason": "stop"}
        if how in ("vllm", "echo", "begins anew"):
            choice["stop_reason"] = "\n\n" if stops else None
        elif stops:
            text = text.removesuffix("\n\n")
        if how == "matched_stop":
            choice["matched_stop"] = "\n\n" if stops else 128009
        choice["message"] = {"role": "assistant", "content": said + text if how == "echo" else text}
        return Answer({"id": "x", "object": "chat.completion", "choices": [choice]})

    return play


def _row(token):
    return {"token": token, "logprob": -0.5}


def _continued(body, said, context):
    """One choice: words by a die that the seed, the conversation and the text so far have thrown."""
    dice = random.Random(f"{body['seed']} {context} {said}")
    heat, text, rows, why, stopped = body["temperature"], "", [], "length", None
    while len(rows) < body["max_tokens"]:
        if heat and dice.random() < ENDS:
            why = "stop"
            rows.append(("<end>", math.log(ENDS)))
            break
        token = dice.choice(WORDS) if heat else WORDS[(len(said) + len(text)) % len(WORDS)]
        text += token
        rows.append((token, math.log((1 - ENDS) / len(WORDS))))
        stopped = next((one for one in body.get("stop", ()) if one in text), None)
        if stopped and len(rows) >= body.get("min_tokens", 0):
            why = "stop"
            break
        stopped = None
    if stopped and not body.get("include_stop_str_in_output"):
        text = text[: text.index(stopped)]
    return {"index": 0, "finish_reason": why, "stop_reason": stopped, "text": text, "rows": rows}


def _answer(choice):
    rows = choice["logprobs"].get("content") or choice["logprobs"].get("tokens")
    usage = {"prompt_tokens": 9, "completion_tokens": len(rows), "total_tokens": 9 + len(rows)}
    return Answer({"id": "x", "object": "text_completion", "choices": [choice], "usage": usage})
