"""Five real tables, each with a card; `tables.toml` says how to read them."""
