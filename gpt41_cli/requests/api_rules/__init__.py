"""Find the rules of the API that a request breaks, so that OpenAI answers with status 400: in a batch, that is known a day later.

A rule that is documented, or was seen to refuse requests, is an error; one that not every model keeps, or on which sources
differ, is a warning. "The guides" are OpenAI's as of 2026-07-15 (https://github.com/piercecohen1/openai-docs, guides/guides),
"the specification" is openapi.yaml of 2026-08-21 (https://github.com/openai/openai-openapi), and "the SDK" is OpenAI's Python SDK
3.57.0 (https://pypi.org/project/openai/3.57.0/). The address of a quoted sentence is a thread with OpenAI's answer, and the day
is the thread's. All were opened in November 2026.

A new rule is one function, its line in a table of `find.py`, and rows in `tests/requests/test_api_rules.py`.
"""
