"""`gpt41 check`: do the workloads of gpt41.yaml stay within their budgets and limits? For CI."""
