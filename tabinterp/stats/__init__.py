"""Statistical functions for arrays: estimates with standard errors, mergeable sums, measures of association, and tests."""
