"""A workload declared in gpt41.yaml, read and priced, and the saved form of its price. Checks of it are in `commands/check`."""
