"""What each rule id means, in a sentence: for formats that describe the rules beside what broke them."""

from __future__ import annotations

from collections.abc import Mapping

RULES: Mapping[str, str] = {
    # one request
    "context-window": "Input and output of a request fit into the context window of the model.",
    "max-input-tokens": "The input of a request is not more than the model takes.",
    "max-output-tokens": "The answer to a request is not longer than the model gives.",
    "priority-long-context": "Priority processing takes no request with a long context.",
    "max-tokens": "No input has more tokens than the command allows.",
    "tool-window": "A tool takes only so much of the context window.",
    "invalid-request": "What is read is a request that can be counted.",
    "not-text": "What is read is text.",
    "left-out": "Files of a folder that are not read are named.",
    # a Batch file
    "batch-empty": "A Batch file has at least one request.",
    "batch-mark": "A Batch file begins with JSON, not with a byte order mark.",
    "batch-blank-lines": "That blank lines are accepted in a Batch file is not documented.",
    "batch-custom-id": "Each request of a Batch file has a custom_id of its own.",
    "batch-models": "All requests of a Batch file name the same model.",
    "batch-endpoints": "All requests of a Batch file go to the same endpoint.",
    "batch-method": "Each request of a Batch file is posted.",
    "batch-stream": "No request of a Batch file asks for a stream.",
    "batch-url": "Each request of a Batch file goes to an endpoint whose requests can be counted.",
    "batch-requests": "A Batch file has no more requests than the Batch API takes.",
    "batch-bytes": "A Batch file is not larger than the Batch API takes.",
    "batch-line-bytes": "No line of a Batch file is larger than a whole file may be.",
    "batch-queue": "A Batch file finds room in the queue of its model.",
    "batch-queue-request": "Each request of a Batch file finds room in the queue of its model.",
    "unknown-model": "The price table has the model that a request names.",
    # the prompt cache
    "cache-break": "Requests that begin alike are read from the prompt cache as far as they do.",
    "cache-key": "Requests that begin alike share a prompt cache key.",
    "cache-minimum": "A prompt is long enough to be cached.",
    # the table and the life of a model
    "missing-price": "The price table has a price for what is asked.",
    "price-table-stale": "The price table was checked not long ago.",
    "model-shut-down": "The model still runs.",
    "model-retires": "The model has no announced end.",
    "not-released": "The model has been released.",
    "until": "The model runs until the day that is asked for.",
    "ends-before-done": "The model runs until the work is done.",
    # the work in time
    "deadline": "The work is done by the deadline.",
    "usage-tier": "The usage tier lets each request through.",
    "monthly-limit": "The work costs no more than the usage tier may spend in a month.",
    "pace": "How long the work takes in the usage tier.",
    "no-limits": "The rate limits of the model are known.",
    "binds": "The limit that decides how long the work takes.",
    "spread": "How to send the requests so that no limit turns one away.",
    "next-tier": "The smallest usage tier that would do.",
    "no-tier": "No usage tier would do.",
    # the choice of a variant and mode
    "nothing-fits": "A variant in some mode meets every wish.",
    "score": "How well the choice does at the task.",
    "no-score": "A score for the task is known of the variant.",
    "min-score": "The variant reaches the score that is asked for.",
    "tolerance": "The score of the variant is near enough to the best.",
    "needs": "The variant has the features and tools that are asked for.",
    "max-usd": "The work costs no more than is allowed.",
    "price": "Why the choice is the cheapest.",
    "quality": "Why the choice is the best.",
    "speed": "Why the choice is the fastest.",
    "runner-up": "Another variant fits too.",
    "standard-saving": "Standard would cost less, but is kept out.",
    "batch-saving": "Batch would cost less, but is kept out.",
    "priority-saving": "Priority would cost less, but is kept out.",
    "no-cache-discount": "The mode gives cached tokens no discount.",
    "reasoning": "The model bills reasoning tokens as output.",
    "would-have-to-give": "What keeps the nearest candidate out.",
    # the workloads of gpt41.yaml
    "budget-per-request": "A request of the workload costs no more than its budget allows.",
    "budget-monthly": "The workload costs no more in a month than its budget allows.",
    "budget-total": "All workloads together cost no more in a month than the budget allows.",
    "budget-input-tokens": "Each request of the workload has no more input tokens than its budget allows.",
    "budget-growth": "The workload has not become dearer by more than its budget allows.",
    "cheaper-variant": "No other variant or mode meets the same requirements for less.",
    "qualifying-variant": "A variant that meets the requirements, where the one that is used does not.",
    "base-without-config": "What is compared with has a gpt41.yaml.",
}
"""By rule id: the demand, where a finding says that it is broken; else what is told."""
