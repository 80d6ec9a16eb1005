"""gpt41.yaml: the workloads of a repository, what they may cost, and what they must be."""

CONFIG_NAME = "gpt41.yaml"
