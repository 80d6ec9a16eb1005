"""`gpt41 check`: do the workloads of gpt41.yaml keep their budgets and limits? For CI."""
