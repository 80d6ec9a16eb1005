"""Price a Workload at an Offer as a Quote: every price is computed here. `catalog` has the known prices."""
