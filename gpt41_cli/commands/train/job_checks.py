"""What keeps a training job from being taken, beyond what is wrong with single examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gpt41_cli.commands.train.training import Conditions, Unfit
from gpt41_cli.commands.train.training_file import TrainingFile
from gpt41_cli.display import number, plural
from gpt41_cli.findings import Finding, Level, Location


def count(conditions: Conditions, examples: int) -> Iterator[Finding]:
    """Whether there are examples enough."""
    rules = conditions.rules
    least, good = rules.examples.at_least, rules.examples.recommended
    cited = f"[{rules.examples.source.label}]"
    if examples < least:
        message = f"expected at least {number(least)} examples, found {number(examples)} {cited}"
        yield Finding("training-examples", Level.ERROR, message, None, str(examples), str(least))
    elif examples < good:
        message = f"{number(examples)} examples can be trained on; {number(good)} good ones are the advice to begin with {cited}"
        yield Finding("training-examples", Level.NOTICE, message, None, str(examples), str(good))


def pictures(conditions: Conditions, models: Sequence[str], files: Iterable[TrainingFile]) -> Iterator[Finding]:
    """Examples with pictures, for each model that does not learn from them."""
    rules = conditions.rules.pictures
    for file in files:
        for model in models if file.lines.pictures else ():
            if model not in rules.models:
                many, line = file.lines.pictures, file.lines.first_picture
                message = (
                    f"{file.source.label}:{line}: {model} does not learn from pictures, which {plural(many, 'example')} "
                    f"{'has' if many == 1 else 'have'}; {' and '.join(rules.models)} does [{rules.source.label}]"
                )
                place = Location(file.source.name, line)
                yield Finding("training-pictures", Level.ERROR, message, place, str(many), "0", model)


def unfit(found: Unfit, level: Level) -> Finding:
    """Why a model cannot be trained."""
    return Finding(found.reason.rule, level, f"{found.model}: {found.reason.text}", subject=found.model)


def same_rules(conditions: Conditions) -> Iterator[str]:
    """That the rules are another provider's, where they are."""
    rules, platform = conditions.rules, conditions.platform
    if platform.provider != rules.provider:
        names = {each.provider: each.provider_name for each in conditions.catalog.platforms.values()}
        yield (
            f"The rules for examples, epochs and files are those of {names[rules.provider]}; "
            f"{platform.provider_name}'s own are not in the table."
        )
