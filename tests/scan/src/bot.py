"""Answers tickets; gpt-4.1 was slower."""

import os

from openai import OpenAI

client = OpenAI()
MODEL = os.getenv("BOT_MODEL", "gpt-4.1-mini")


def sort(ticket: str) -> str:
    done = client.chat.completions.create(
        model="gpt-4.1-nano",
        messages=[{"role": "user", "content": ticket}],
        temperature=0,
        max_tokens=5,
    )
    return done.choices[0].message.content


def answer(ticket: str) -> str:
    # gpt-4.1 wrote longer answers
    return client.responses.create(model=MODEL, input=ticket).output_text


def check(answer: str) -> str:
    return client.responses.create(model="gpt-6-luna", input=answer).output_text
