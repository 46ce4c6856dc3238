"""Networks of packages that are not installed for the other tests: `make test-networks` runs these in an environment of their own."""
