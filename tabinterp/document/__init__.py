"""The document of an audit: types, canonical JSON, JSON schema, and the comparison of two documents."""
