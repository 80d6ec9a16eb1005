"""`gpt41 report`: the workloads of gpt41.yaml on one page with charts."""
