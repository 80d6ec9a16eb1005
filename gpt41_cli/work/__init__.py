"""Make a Workload of many requests: measure them, add them up, replay the prompt cache. No prices."""
