"""What keeps a training job from being taken, beyond what is wrong with single examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gpt41_cli.catalog.limit_tables import Closing
from gpt41_cli.decisions.training import Conditions, Unfit
from gpt41_cli.decisions.training_file import TrainingFile
from gpt41_cli.display import number, plural
from gpt41_cli.findings import Finding, Level, Location


def count(conditions: Conditions, examples: int) -> Iterator[Finding]:
    """Whether there are examples enough."""
    rules = conditions.rules
    least, good = rules.min_examples, rules.recommended_examples
    cited = f"[{rules.examples_source.label}]"
    if examples < least:
        message = f"expected at least {number(least)} examples, found {number(examples)} {cited}"
        yield Finding("training-examples", Level.ERROR, message, None, str(examples), str(least))
    elif examples < good:
        message = f"{number(examples)} examples can be trained on; {number(good)} good ones are the advice to begin with {cited}"
        yield Finding("training-examples", Level.NOTICE, message, None, str(examples), str(good))


def closings(conditions: Conditions) -> Iterator[Finding]:
    """From whom the platform takes no jobs any more, and when it will take none at all: the last of each that is of interest."""
    found = conditions.rules.closings.get(conditions.platform.provider, ())
    past = [each for each in found if each.on <= conditions.as_of]
    coming = [each for each in found if each.on > conditions.as_of and each.to_all]
    closed = [each for each in past if each.to_all]
    for each in closed or past:
        level = Level.ERROR if each.to_all and each.confidence == "high" else Level.WARNING
        verb = f"{conditions.platform.provider_name} has taken no training jobs since {each.on} from {each.closed_to}"
        yield _closing(each, level, verb)
    for each in () if closed else coming[:1]:
        days = plural((each.on - conditions.as_of).days, "day")
        text = f"{conditions.platform.provider_name} takes no training jobs from {each.on} on ({days}), from {each.closed_to}"
        yield _closing(each, Level.WARNING, text)


def _closing(closing: Closing, level: Level, text: str) -> Finding:
    doubt = "" if closing.confidence == "high" else f" ({closing.confidence} confidence)"
    note = f". {closing.note.rstrip('.')}" if closing.note else ""
    message = f"{text}{doubt}{note} [{closing.source.label}]"
    return Finding("training-closed", level, message, actual=str(closing.on))


def pictures(conditions: Conditions, models: Sequence[str], files: Iterable[TrainingFile]) -> Iterator[Finding]:
    """Examples with pictures, for each model that does not learn from them."""
    rules = conditions.rules
    for file in files:
        for model in models if file.lines.pictures else ():
            if model not in rules.picture_models:
                many, line = file.lines.pictures, file.lines.first_picture
                message = (
                    f"{file.source.label}:{line}: {model} does not learn from pictures, which {plural(many, 'example')} "
                    f"{'has' if many == 1 else 'have'}; {' and '.join(rules.picture_models)} does [{rules.pictures_source.label}]"
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
