"""The document of an audit: its types, canonical JSON and schema, and the comparison of two documents."""
