"""Evidence for clauses of regulations and standards: the numbers in a document, and the text that its author adds."""
