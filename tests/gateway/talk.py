"""What the gateway's tests say."""

import openai

QUESTION = "what is two and three?"
ADD = [{"role": "system", "content": "add it"}, {"role": "user", "content": QUESTION}]
"""with words of one's own, since the recipes' are too long for a random model"""
ASKED = {"model": "math", "messages": [{"role": "user", "content": QUESTION}], "seed": 3, "max_tokens": 24}


def at(served, *named):
    """A client of a gateway whose address names a strategy, and a judge."""
    return openai.OpenAI(base_url="/".join([served.address, *named]), api_key="any", max_retries=0)


def texts(completion):
    return [choice.message.content for choice in completion.choices]


def ask(client, **more):
    return client.chat.completions.create(**ASKED | more)
