"""Statistics on arrays: estimates with errors, mergeable sums, measures of association and tests."""
