"""The gate: compares an audit with a policy, and writes the decision in formats for other programs."""
