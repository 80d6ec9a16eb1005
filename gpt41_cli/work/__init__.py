"""Many requests -> Workload: measuring, adding up, replaying the prompt cache. No prices."""
