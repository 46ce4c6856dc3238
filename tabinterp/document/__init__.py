"""The document of an audit: types, canonical JSON, schema, and the difference of two documents."""
