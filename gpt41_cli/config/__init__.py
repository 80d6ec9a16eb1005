"""gpt41.yaml -> Config: the workloads of a repository, what they may cost, and what they require."""

CONFIG_NAME = "gpt41.yaml"
