"""The lines of a bill in the columns of FOCUS, the FinOps Open Cost and Usage Specification, version 1.2, as CSV.

The columns are the mandatory ones and those whose condition can be met: the ones of commitments, regions, resources and tags are
empty, because logs don't have them. `commands/reconcile/spending/focus.py` fills the others.
Source: https://focus.finops.org/focus-specification/v1-2/ (2026-11-30), the tag v1.2 of
https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec.
"""

from __future__ import annotations

from gpt41_cli.reports import Report
from gpt41_cli.views import Screen
from gpt41_cli.views.csv import write_rows

FOCUS_COLUMNS = (
    *("AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd"),
    *("BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd"),
    *("ChargePeriodStart", "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName"),
    *("CommitmentDiscountStatus", "CommitmentDiscountType", "ConsumedQuantity", "ConsumedUnit", "ContractedCost"),
    *("ContractedUnitPrice", "EffectiveCost", "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory"),
    *("PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName"),
    *("ResourceType", "ServiceCategory", "ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails"),
    *("SkuPriceId", "SubAccountId", "SubAccountName", "Tags"),
)


def render(report: Report, screen: Screen) -> str:
    """Draw one line per row. Null is an empty cell."""
    return write_rows(report.focus_rows, FOCUS_COLUMNS)
