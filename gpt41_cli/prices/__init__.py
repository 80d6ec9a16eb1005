"""Workload x Offer -> Quote: every price is computed here. Which prices are known is in `catalog`."""
