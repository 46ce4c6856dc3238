"""Statistics on arrays: estimates with errors, mergeable sums, association, multiple testing. No model, table or document."""
