"""The page: blocks, tables, figures, templates, and other formats of the same document."""
