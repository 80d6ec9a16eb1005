"""Find who spent it: a bill by project, key, user, day or any other field of the logs, compared with the period before."""
