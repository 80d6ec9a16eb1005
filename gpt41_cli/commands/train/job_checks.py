"""Find why the platform would refuse a training job, apart from mistakes in single examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gpt41_cli import rules
from gpt41_cli.commands.train.training import TrainingOptions
from gpt41_cli.commands.train.training_file import TrainingFile
from gpt41_cli.display import format_int, pluralize
from gpt41_cli.findings import Finding, Place
from gpt41_cli.rules import Level


def check_example_count(conditions: TrainingOptions, examples: int) -> Iterator[Finding]:
    """Check that there are enough examples."""
    training_rules = conditions.rules
    least, good = training_rules.examples.at_least, training_rules.examples.recommended
    cited = f"[{training_rules.examples.source.label}]"
    if examples < least:
        message = f"expected at least {format_int(least)} examples, found {format_int(examples)} {cited}"
        yield Finding(rules.TRAINING_EXAMPLES, message, actual=str(examples), allowed=str(least))
    elif examples < good:
        advice = f"{format_int(good)} good ones are advised to begin with"
        message = f"{format_int(examples)} examples can be trained on; {advice} {cited}"
        yield Finding(rules.TRAINING_EXAMPLES, message, Level.NOTICE, None, str(examples), str(good))


def check_pictures(conditions: TrainingOptions, models: Sequence[str], files: Iterable[TrainingFile]) -> Iterator[Finding]:
    """Find examples with pictures for each model that doesn't learn from them."""
    picture_rules = conditions.rules.pictures
    for file in files:
        for model in models if file.lines.picture_lines.count else ():
            if model not in picture_rules.models:
                many, line = file.lines.picture_lines.count, file.lines.picture_lines.examples[0].line
                message = (
                    f"{file.source.label}:{line}: {model} does not learn from pictures, which {pluralize(many, 'example')} "
                    f"{'has' if many == 1 else 'have'}; {' and '.join(picture_rules.models)} does [{picture_rules.source.label}]"
                )
                place = Place(file.source.name, line)
                yield Finding(rules.TRAINING_PICTURES, message, None, place, str(many), "0", model, names_place=True)


def name_untrainable_model(reason: Finding, level: Level) -> Finding:
    """Put the model that can't be trained in front of the reason."""
    return reason._replace(message=f"{reason.subject}: {reason.message}", level=level)


def note_foreign_rules(conditions: TrainingOptions) -> Iterator[str]:
    """Say so if the rules are another provider's."""
    training_rules, platform = conditions.rules, conditions.market.platform
    if platform.provider != training_rules.provider:
        names = {other.provider: other.provider_name for other in conditions.market.catalog.platforms.values()}
        yield (
            f"The rules for examples, epochs and files are those of {names[training_rules.provider]}; "
            f"{platform.provider_name}'s own are not in the table."
        )
