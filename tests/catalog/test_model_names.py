"""Names of models as gateways, clients and clouds write them."""

import pytest

from gpt41_cli.catalog.model_names import normalize_model_name
from tests.builders import CATALOG

PREFIXES = (
    *("openai/", "openai:", "OpenAI/", "OpenAI: ", "openai-", "azure/", "azure/eu/", "azure/us/", "azure/global/", "azure_ai/"),
    *("openrouter/openai/", "openrouter:openai/", "litellm_proxy/azure/", "github/", "github_copilot/", "vercel/openai/"),
    *("openai:chat:", "openai:responses:", "@openai/", "models/"),
)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_prefixes_of_gateways_are_not_part_of_a_name(prefix: str) -> None:
    """Every prefix leaves the model of the table, a snapshot and a fine-tune."""
    for name in ("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", "ft:gpt-4.1-mini:acme::Ab1"):
        assert normalize_model_name(prefix + name) == name
        assert CATALOG.variant(prefix + name) == CATALOG.variant(name)


@pytest.mark.parametrize(
    "name",
    [
        *("gpt-4.1-mini:floor", "gpt-4.1-mini:nitro", "gpt-4.1-mini:free", "GPT-4.1-mini", "GPT-4.1 mini", " GPT 4.1  Mini "),
        *("gpt-4.1-mini@2025-04-14", "openrouter/openai/gpt-4.1-mini@2025-04-14:floor"),
    ],
)
def test_suffixes_and_display_names_are_read(name: str) -> None:
    """Case, blanks, days and routing suffixes do not hide the model."""
    assert CATALOG.variant(name).id == "gpt-4.1-mini"


@pytest.mark.parametrize(
    "name", ["gpt-4.1-mini-clone", "prod-gpt41", "someone/gpt-4.1", "gpt-4.1-mini:large", "openai/", "azure", ""]
)
def test_other_names_stay_unknown(name: str) -> None:
    """What only resembles a model of the table isn't taken for it."""
    assert CATALOG.find_variant(name) is None
