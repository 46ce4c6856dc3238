"""The document in other formats: PDF, Markdown, model card, CycloneDX, summaries."""
