"""A log or an export -> Answer: the usage that was billed, by any logger. It is priced in `commands/reconcile`."""
