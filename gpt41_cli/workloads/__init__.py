"""Read and price the workloads declared in gpt41.yaml, and save their prices. Their checks are in `commands/check`."""
