"""How well each variant does a task, as a share of the family's best, and the figures behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.evaluation import Evaluation
from gpt41_cli.catalog.tables import Task
from gpt41_cli.display import exact


class Scores(NamedTuple):
    """One task's scores. `share` is None for a model that lacks a figure; `missing` says which. `cited` is the source."""

    task: Task
    weights: Mapping[str, int]
    figures: Mapping[str, Mapping[str, Decimal | None]]
    share: Mapping[str, Decimal | None]
    missing: Mapping[str, tuple[str, ...]]
    cited: str

    def evidence(self, model: str) -> str:
        """The model's figures, as reasons quote them: `MMLU 87.5, IFEval 84.1`."""
        known = ((metric, self.figures[metric].get(model)) for metric in self.weights)
        return ", ".join(f"{metric} {exact(score)}" for metric, score in known if score is not None)


def score(task: Task, catalog: Catalog, evaluation: Evaluation | None) -> Scores:
    """Scores of the family for `task`: by its launch benchmarks, or by every metric of the reader's own evaluation.

    A model's score is the weighted mean of its results, each as a share of the family's best result, and then again
    as a share of the best such mean: the best variant has exactly 1. A model without a figure for a metric has no score.
    """
    family = [variant.id for variant in catalog.family]
    if evaluation:
        weights = dict.fromkeys(evaluation.scores, 1)
        figures: Mapping[str, Mapping[str, Decimal | None]] = evaluation.scores
        cited = evaluation.name
    else:
        weights = dict(task.benchmarks)
        figures = {name: catalog.evidence.benchmarks[name].scores for name in weights}
        cited = catalog.evidence.benchmarks_source.label
    missing = {model: tuple(m for m in weights if figures[m].get(model) is None) for model in family}
    means = {model: None if missing[model] else _mean(model, weights, figures, family) for model in family}
    best = max((mean for mean in means.values() if mean is not None), default=Decimal(0))
    share = {model: _share(mean, best) for model, mean in means.items()}
    return Scores(task, weights, figures, share, missing, cited)


def _mean(
    model: str,
    weights: Mapping[str, int],
    figures: Mapping[str, Mapping[str, Decimal | None]],
    family: Sequence[str],
) -> Decimal:
    total = Decimal(0)
    for metric, weight in weights.items():
        results = {each: figures[metric].get(each) for each in family}
        best = max(result for result in results.values() if result is not None)
        total += weight * (_share(results[model], best) or 0)
    return total / sum(weights.values())


def _share(value: Decimal | None, best: Decimal) -> Decimal | None:
    """`value` as a share of `best`; where nobody has more than nothing, everybody is best."""
    if value is None:
        return None
    return value / best if best else Decimal(1)
