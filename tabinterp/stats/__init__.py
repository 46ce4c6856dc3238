"""Statistics on arrays, without models, tables or documents: estimates with errors, mergeable sums, association, tests."""
