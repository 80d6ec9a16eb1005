"""gpt41.yaml: the workloads of a repository, what they may cost, and what they must be."""

NAME = "gpt41.yaml"
