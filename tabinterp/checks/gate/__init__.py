"""The gate: holds an audit to a policy, and writes the decision in the formats that other programs read."""
