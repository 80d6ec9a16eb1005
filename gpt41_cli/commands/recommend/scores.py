"""Score how well each variant does a task: its share of the best score, and the figures behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.evaluation import Evaluation
from gpt41_cli.catalog.evidence_tables import Task
from gpt41_cli.display import format_exact
from gpt41_cli.findings import Citation

MetricFigures = Mapping[str, Mapping[str, Decimal | None]]


class TaskScores(NamedTuple):
    """The exact scores for one task. `share` is None for a model that lacks a figure; `missing` lists the metrics it lacks.

    `evaluation_name` is the name of the user's own evaluation, or empty for the launch benchmarks in `sources`.
    """

    task: Task
    weights: Mapping[str, int]
    figures: MetricFigures
    share: Mapping[str, Fraction | None]
    missing: Mapping[str, tuple[str, ...]]
    evaluation_name: str
    sources: tuple[Citation, ...]

    def format_figures(self, model: str) -> str:
        """Format the model's figures as reasons quote them: `MMLU 87.5, IFEval 84.1`."""
        known = ((metric, self.figures[metric].get(model)) for metric in self.weights)
        return ", ".join(f"{metric} {format_exact(score)}" for metric, score in known if score is not None)


def score_models(task: Task, catalog: Catalog, evaluation: Evaluation | None, models: Sequence[str]) -> TaskScores:
    """Score `models` for `task` by its launch benchmarks, or by every metric of the user's own evaluation.

    Each result becomes a share of the best result among the models. A model's score is the weighted mean of its shares, as a
    share of the best mean: the best model has exactly 1. A model that lacks a figure has no score.
    """
    if evaluation:
        weights = dict.fromkeys(evaluation.scores, 1)
        figures: MetricFigures = evaluation.scores
    else:
        weights = dict(task.benchmarks)
        figures = {name: catalog.evidence.benchmarks.by_name[name].scores for name in weights}
    missing = {model: tuple(m for m in weights if figures[m].get(model) is None) for model in models}
    means = {model: None if missing[model] else _average_shares(model, weights, figures, models) for model in models}
    best = max((mean for mean in means.values() if mean is not None), default=Fraction(0))
    return TaskScores(
        task=task,
        weights=weights,
        figures=figures,
        share={model: None if mean is None else _divide_by_best(mean, best) for model, mean in means.items()},
        missing=missing,
        evaluation_name=evaluation.name if evaluation else "",
        sources=() if evaluation else (catalog.evidence.benchmarks.source,),
    )


def _average_shares(model: str, weights: Mapping[str, int], figures: MetricFigures, models: Sequence[str]) -> Fraction:
    total = Fraction(0)
    for metric, weight in weights.items():
        results = {name: Fraction(figure) for name in models if (figure := figures[metric].get(name)) is not None}
        total += weight * _divide_by_best(results[model], max(results.values()))
    return total / sum(weights.values())


def _divide_by_best(value: Fraction, best: Fraction) -> Fraction:
    """Return `value` as a share of `best`. If the best is 0, all models are equally good."""
    return value / best if best else Fraction(1)
