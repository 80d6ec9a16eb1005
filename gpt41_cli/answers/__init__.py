"""Read the billed usage from the logs and exports of any logger, as Answers. They are priced in `commands/reconcile`."""
