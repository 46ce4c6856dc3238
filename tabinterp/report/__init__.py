"""The report of an audit: blocks, tables, figures and templates of the HTML page, and other output formats."""
