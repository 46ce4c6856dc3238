"""Gates: comparison of an audit with a policy, and export of the decision to formats for other programs."""
