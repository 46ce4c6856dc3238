"""Gates: comparison of an audit with a policy, and export of the result to formats for other programs."""
