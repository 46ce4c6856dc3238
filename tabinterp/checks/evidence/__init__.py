"""Evidence for clauses of regulations and standards: numbers in a document, and text that the author adds to the document."""
