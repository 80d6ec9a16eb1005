"""Catalog: lookups in the price table. Which model is this id, what does it cost on that day, when does it end?"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple, Self

from gpt41_cli.catalog import checks, evidence_tables, tables
from gpt41_cli.catalog.limit_tables import ApiLimits, CacheRules
from gpt41_cli.catalog.meters import Meters
from gpt41_cli.catalog.model_names import normalize_model_name
from gpt41_cli.errors import InputError, UnknownModel, UnknownName, quote_text
from gpt41_cli.findings import Citation
from gpt41_cli.pricing import ToolUse
from gpt41_cli.records import GIVEN, Positive, Read

FINE_TUNED_PREFIX = "ft:"


def _strip_fine_tune_id(name: str) -> str:
    """Return the model of an id; an `ft:` id has it after its prefix."""
    return name.removeprefix(FINE_TUNED_PREFIX).split(":")[0] if name.startswith(FINE_TUNED_PREFIX) else name


class Variant(NamedTuple):
    """The meaning of a model id: a model of the table, or a fine-tune of one. `id` is the name to print."""

    id: str
    model: tables.Model
    fine_tuned: tables.FineTuneTerms | None = None

    @property
    def context_window(self) -> int:
        """Tokens of input and output together; a fine-tune has a smaller window than its base."""
        return self.fine_tuned.context_window if self.fine_tuned else self.model.context_window

    @property
    def rate_table(self) -> tables.RateTable:
        """The price rows of this variant."""
        return self.fine_tuned.rates if self.fine_tuned else self.model.rates

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes in which this variant has a price on some platform."""
        return tuple(mode for mode in checks.MODES if any(mode in by_mode for by_mode in self.rate_table.values()))

    @property
    def lifecycles(self) -> Mapping[str, tables.Lifecycle]:
        """When this variant ends, by provider; a fine-tune follows its base unless the table says otherwise."""
        return {**self.model.lifecycle, **(self.fine_tuned.lifecycle if self.fine_tuned else {})}


class OverlayFile(NamedTuple):
    """A file of overrides that changed a price table."""

    file: str
    sha256: str


class Catalog(NamedTuple):
    """A price table. `file` and `sha256` identify it; `checked_on` is when its figures were last compared.
    From `horizon_days` before a model's end on, answers name what follows it.

    `tools` is None if it has no prices for built-in tools; `endings` are features of the API that end; `meters` are the names of
    meters in cost exports. `aliases` are the models of other names, such as Azure deployments. `overlay` is the file of
    overrides, if there is one.
    """

    file: Annotated[str, GIVEN]
    sha256: Annotated[str, GIVEN]
    schema: Literal["gpt41.pricing/1"]
    currency: Literal["USD"]
    sources: Mapping[str, Annotated[Citation, Read(checks.read_citation)]]
    platforms: Annotated[Mapping[str, tables.Platform], checks.is_not_empty("at least one platform")]
    models: Annotated[Mapping[str, tables.Model], checks.names_are_unique]
    evidence: evidence_tables.PublishedEvidence
    tasks: Annotated[Mapping[str, evidence_tables.Task], checks.is_not_empty("at least one task"), checks.aliases_are_unique]
    checked_on: date
    stale_after_days: Positive
    horizon_days: Positive
    limits: ApiLimits
    tools: tables.ToolPrices | None = None
    endings: Mapping[str, tables.FeatureEnding] = {}
    meters: Meters | None = None
    aliases: Annotated[Mapping[str, str], GIVEN] = MappingProxyType({})
    overlay: Annotated[OverlayFile | None, GIVEN] = None

    def with_aliases(self, aliases: Mapping[str, str]) -> Self:
        """Return the catalog with more names for its models: by the name of a deployment or label, a model."""
        spellings = {spelling: model for name, model in aliases.items() for spelling in (name, normalize_model_name(name))}
        return self._replace(aliases={**self.aliases, **spellings})

    def models_with_role(self, role: str) -> tuple[tables.Model, ...]:
        """List the models of a role in the order of the table, the most capable first."""
        return tuple(model for model in self.models.values() if model.role == role)

    @property
    def family(self) -> tuple[Variant, ...]:
        """The variants that `recommend` chooses among."""
        return tuple(Variant(model.id, model) for model in self.models_with_role("family"))

    def translate(self, name: str) -> str:
        """Return the model of an alias; any other name as it is."""
        if not self.aliases:
            return name
        return self.aliases.get(name) or self.aliases.get(normalize_model_name(name), name)

    def find_named_variant(self, name: str) -> Variant | None:
        """Look up the name in a request or answer: an alias or a model id; None if the table doesn't have it."""
        return self.find_variant(self.translate(name))

    def variant(self, name: str) -> Variant:
        """Look up a model id: an entry, one of its snapshots, or an `ft:` id made from either.

        A snapshot gets its entry's name; an `ft:` id keeps its own. Raises UnknownName for any other name, InputError for a
        fine-tune of a model that can't be fine-tuned.
        """
        variant = self.find_variant(name)
        if variant is None and self.find_base_variant(_strip_fine_tune_id(normalize_model_name(name))):
            raise InputError("model", "a base model that can be fine-tuned", quote_text(name))
        if variant is None:
            raise UnknownModel("model", name, self.models)
        return variant

    def expand_short_name(self, name: str) -> str:
        """Return the only id that ends in a typed name, in the family or else among all models; if there isn't exactly one, the
        name.
        """
        if self.find_variant(name):
            return name
        for models in (self.models_with_role("family"), tuple(self.models.values())):
            ids = [model.id for model in models if model.id.endswith(f"-{name.lower()}")]
            if len(ids) == 1:
                return ids[0]
        return name

    def find_variant(self, name: str) -> Variant | None:
        """Look up a model id, also as gateways and clients write it; None if the table doesn't have it."""
        return self._find_exact_variant(name) or self._find_exact_variant(normalize_model_name(name))

    def _find_exact_variant(self, name: str) -> Variant | None:
        base = self.find_base_variant(_strip_fine_tune_id(name))
        if base is None or not name.startswith(FINE_TUNED_PREFIX):
            return base
        return Variant(name, base.model, base.model.fine_tuned) if base.model.fine_tuned else None

    def find_base_variant(self, name: str) -> Variant | None:
        """Look up an entry by its name or by that of a snapshot; None if there is none."""
        model = self.models.get(name) or next((entry for entry in self.models.values() if name in entry.snapshots), None)
        return Variant(model.id, model) if model else None

    def find_cache_rules(self, model: tables.Model) -> CacheRules:
        """Return the rules of the prompt cache for a model."""
        return self.limits.prompt_cache._replace(uncached_end_tokens=model.prompt.uncached_end_tokens)

    def find_image_model(self, model: tables.Model) -> tables.Model:
        """Return the model by whose rule `model` counts pictures: itself, or the first of its generation that has one."""
        alike = (other for other in self.models.values() if other.images and other.prompt.generation == model.prompt.generation)
        return model if model.images else next(alike, self.family[0].model)

    def find_first_surcharged(self, variant: Variant) -> Variant:
        """Return the variant itself if it has a surcharge for long requests, else the first model of the table that has one; the
        variant if none has.
        """
        others = (Variant(model.id, model) for model in self.models.values() if model.surcharge)
        return variant if variant.model.surcharge else next(others, variant)

    def count_search_tokens(self, variant: Variant, tools: ToolUse) -> int | None:
        """Count the tokens that the web searches of one request add; None if that isn't stated and depends on what they find."""
        per_search = self.count_tokens_per_search(variant, tools) if tools.web_searches else 0
        return None if per_search is None else per_search * tools.web_searches

    def count_tokens_per_search(self, variant: Variant, tools: ToolUse) -> int | None:
        """Return what one search adds: a fixed block if the model bills one, else the stated tokens."""
        fixed = self.tools.fixed_search_tokens.by_model.get(variant.model.id) if self.tools else None
        return tools.web_search_tokens if fixed is None else fixed

    def platform(self, name: str) -> tables.Platform:
        """Look up a platform. Raises UnknownName if there is none of this name."""
        if name not in self.platforms:
            raise UnknownName("platform", name, self.platforms)
        return self.platforms[name]

    def task(self, name: str) -> evidence_tables.Task:
        """Look up a task profile by its name or an alias. Raises UnknownName if there is none of this name."""
        names = {alias: task for task in self.tasks.values() for alias in (task.id, *task.aliases)}
        if name not in names:
            raise UnknownName("task", name, names)
        return names[name]

    def ability(self, name: str) -> str:
        """Return `name`. Raises UnknownName if no model has this ability."""
        if name not in self.abilities:
            raise UnknownName("needs", name, sorted(self.abilities), "feature")
        return name

    @property
    def abilities(self) -> frozenset[str]:
        """Every ability that some model has."""
        return frozenset().union(*(model.abilities for model in self.models.values()))

    @property
    def refusable_fields(self) -> frozenset[str]:
        """Every field of a request that some model refuses."""
        return frozenset(field.parameter for model in self.models.values() for field in model.refuses)

    @property
    def reasoning_efforts(self) -> frozenset[str]:
        """Every reasoning effort that some model has."""
        return frozenset(effort for model in self.models.values() if model.reasoning for effort in model.reasoning.efforts)
