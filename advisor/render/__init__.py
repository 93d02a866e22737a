"""A record as HTML, Markdown, ADR or terminal text. Pure."""
