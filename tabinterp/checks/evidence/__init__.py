"""Evidence for clauses of regulations and standards: what a document supplies, and what its author adds."""
