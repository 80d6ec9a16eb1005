"""Who spent it: a bill by project, key, user, day or any other field of the logs, and against the period before."""
