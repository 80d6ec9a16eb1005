"""Suggest what to write in gpt41.yaml in place of a key that people guess, with an example that works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gpt41_cli.config.tables import SharedSettings, WorkloadDeclaration

_EXAMPLES = {
    "requests": "requests: prompts/*.json",
    "column": "column: request",
    "prompt": "prompt: prompts/system.md",
    "input_tokens": "input_tokens: 1800",
    "output_tokens": "output_tokens: {expected: 120, high: 400}",
    "reasoning": "output_tokens: {expected: 120, high: 400, reasoning: 300}",
    "volume": "volume: 40000 / month",
    "cached": "cached: 60%",
    "mode": "mode: batch",
    "model": "model: NAME",
    "platform": "platform: azure-global",
    "usage_tier": "usage_tier: 2",
    "monthly_usd": "budget: {monthly_usd: 50}",
    "per_request_usd": "budget: {per_request_usd: 0.002}",
    "growth_percent": "budget: {growth_percent: 10}",
    "budget_tokens": "budget: {input_tokens: 8000}",
    "task": "require: {task: classification}",
    "needs": "require: {needs: [vision]}",
    "until": "require: {until: YYYY-MM-DD}",
    "deadline": "require: {deadline: 24h}",
    "tolerance_percent": "require: {tolerance_percent: 15}",
    "tools": "tools: {web_searches: 1}",
    "comment": "# a comment",
    "workloads": "workloads: {NAME: {requests: prompts/*.json}}",
    "defaults": "defaults: {model: NAME}",
    "models": "models: {DEPLOYMENT: NAME}",
    "pricing": "pricing: company.yaml",
    "code": "code: src/",
    "expected": "expected: 120",
    "high": "high: 400",
}
"""Examples of the right keys."""

_WORDS = {
    "requests": "request file files path paths input inputs source sources glob body bodies messages data dataset",
    "column": "columns json_column request_column requests_column body_column field",
    "prompt": "prompts text texts template system system_prompt prompt_file instructions",
    "input_tokens": "tokens input_size prompt_tokens tokens_in in",
    "output_tokens": "output outputs out max_tokens max_output_tokens max_completion_tokens completion_tokens answer answers "
    "answer_tokens response_tokens tokens_out",
    "reasoning": "reasoning reasoning_tokens thinking_tokens reasoning_effort effort",
    "volume": "rate count calls number n times frequency traffic monthly daily per_month per_day monthly_requests "
    "daily_requests hourly_requests requests_per_month requests_per_day requests_per_hour requests_per_second "
    "calls_per_month calls_per_day monthly_calls monthly_volume qps rps rpm",
    "cached": "cache caching cached_tokens cached_input cached_share cached_percent cache_hits cache_hit_rate",
    "mode": "service_tier processing processing_mode batch tier_mode",
    "model": "deployment engine variant model_name",
    "platform": "provider cloud azure region host",
    "usage_tier": "tier rate_limit rate_limits limits",
    "monthly_usd": "monthly_budget budget_usd max_usd cost max_cost cost_limit spend limit monthly_limit monthly_cost "
    "max_monthly_usd usd budgets",
    "per_request_usd": "cost_per_request max_cost_per_request usd_per_request",
    "growth_percent": "growth max_growth",
    "budget_tokens": "max_input_tokens token_limit token_budget",
    "task": "tasks category purpose",
    "needs": "features abilities capabilities",
    "until": "retires retirement end end_date",
    "deadline": "latency max_latency timeout within",
    "tolerance_percent": "tolerance",
    "tools": "tool web_search web_searches file_search file_searches code_interpreter",
    "comment": "name description comment comments notes note owner team title id",
}
"""The words that people guess in a workload, by what they mean."""

_TOP_WORDS = {
    "workloads": "workload prompts prompt requests request calls jobs services apps",
    "defaults": "default settings global",
    "monthly_usd": _WORDS["monthly_usd"],
    "growth_percent": _WORDS["growth_percent"],
    "models": "aliases alias deployments",
    "pricing": "prices price price_table overrides discount discounts",
    "code": "src source sources scan",
    "comment": _WORDS["comment"],
}
_TOTAL_WORDS = {
    "monthly_usd": "monthly month per_month total amount max " + _WORDS["monthly_usd"],
    "growth_percent": "increase change " + _WORDS["growth_percent"],
}
_BUDGET_WORDS = {
    **_TOTAL_WORDS,
    "per_request_usd": "per_request request per_call call " + _WORDS["per_request_usd"],
    "budget_tokens": "tokens max_tokens " + _WORDS["budget_tokens"],
}
_ANSWER_WORDS = {
    "expected": "mean average avg typical median usual",
    "high": "max maximum highest p95 limit",
    "reasoning": _WORDS["reasoning"],
}
_SCOPES: Mapping[tuple[str, ...], Mapping[str, str]] = {
    (): _TOP_WORDS,
    ("budget",): _TOTAL_WORDS,
    ("workloads", "*"): _WORDS,
    ("workloads", "*", "budget"): _BUDGET_WORDS,
    ("workloads", "*", "require"): _WORDS,
    ("workloads", "*", "output_tokens"): _ANSWER_WORDS,
    ("defaults", "output_tokens"): _ANSWER_WORDS,
}
"""The words by their place; `*` is the name of a workload."""

_MAPPINGS = {
    "budget": _EXAMPLES["monthly_usd"],
    "require": _EXAMPLES["task"],
    "tools": _EXAMPLES["tools"],
    "prediction": "prediction: {accept: 70%}",
    "defaults": _EXAMPLES["defaults"],
    "workloads": _EXAMPLES["workloads"],
    "models": _EXAMPLES["models"],
}
"""Examples of keys whose value is a mapping."""


def find_example(path: Sequence[str]) -> str:
    """Return what to write in place of an unknown key at `path`; "" if nobody can tell."""
    *scope, key = path
    starred = tuple("*" if scope[0] == "workloads" and place == 1 else part for place, part in enumerate(scope))
    if example := _find_meaning(key, _SCOPES.get(starred, {})):
        return example
    example = _find_meaning(key, _WORDS) or (_MAPPINGS.get(key, "") if key in WorkloadDeclaration._fields else "")
    if not example or starred not in ((), ("defaults",)):
        return ""
    if example.partition(":")[0] not in SharedSettings._fields:
        return f"workloads: {{NAME: {{{example}}}}}"
    return example if scope else f"defaults: {{{example}}}"


def find_mapping_example(path: Sequence[str]) -> str:
    """Return how the key at `path`, whose value should be a mapping, is written; "" for one that has no example."""
    if len(path) == 2 and path[0] == "workloads":
        return f"{path[1]}: {{{_EXAMPLES['requests']}}}"
    return _MAPPINGS.get(path[-1], "")


def _find_meaning(key: str, table: Mapping[str, str]) -> str:
    word = key.lower().replace("-", "_")
    return next((_EXAMPLES[meaning] for meaning, words in table.items() if word in (meaning, *words.split())), "")
