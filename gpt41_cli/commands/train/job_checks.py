"""What keeps a training job from being taken, beyond what is wrong with single examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gpt41_cli.commands.train.training import TrainingOptions, UntrainableModel
from gpt41_cli.commands.train.training_file import TrainingFile
from gpt41_cli.display import format_int, pluralize
from gpt41_cli.findings import Finding, Level, Location


def check_example_count(conditions: TrainingOptions, examples: int) -> Iterator[Finding]:
    """Whether there are examples enough."""
    rules = conditions.rules
    least, good = rules.examples.at_least, rules.examples.recommended
    cited = f"[{rules.examples.source.label}]"
    if examples < least:
        message = f"expected at least {format_int(least)} examples, found {format_int(examples)} {cited}"
        yield Finding("training-examples", Level.ERROR, message, None, str(examples), str(least))
    elif examples < good:
        message = (
            f"{format_int(examples)} examples can be trained on; {format_int(good)} good ones are the advice to begin "
            f"with {cited}"
        )
        yield Finding("training-examples", Level.NOTICE, message, None, str(examples), str(good))


def check_pictures(conditions: TrainingOptions, models: Sequence[str], files: Iterable[TrainingFile]) -> Iterator[Finding]:
    """Examples with pictures, for each model that does not learn from them."""
    rules = conditions.rules.pictures
    for file in files:
        for model in models if file.lines.picture_lines.count else ():
            if model not in rules.models:
                many, line = file.lines.picture_lines.count, file.lines.picture_lines.examples[0]
                message = (
                    f"{file.source.label}:{line}: {model} does not learn from pictures, which {pluralize(many, 'example')} "
                    f"{'has' if many == 1 else 'have'}; {' and '.join(rules.models)} does [{rules.source.label}]"
                )
                place = Location(file.source.name, line)
                yield Finding("training-pictures", Level.ERROR, message, place, str(many), "0", model)


def make_untrainable_finding(found: UntrainableModel, level: Level) -> Finding:
    """Why a model cannot be trained."""
    return Finding(found.reason.rule, level, f"{found.model}: {found.reason.text}", subject=found.model)


def note_foreign_rules(conditions: TrainingOptions) -> Iterator[str]:
    """That the rules are another provider's, where they are."""
    rules, platform = conditions.rules, conditions.platform
    if platform.provider != rules.provider:
        names = {each.provider: each.provider_name for each in conditions.catalog.platforms.values()}
        yield (
            f"The rules for examples, epochs and files are those of {names[rules.provider]}; "
            f"{platform.provider_name}'s own are not in the table."
        )
