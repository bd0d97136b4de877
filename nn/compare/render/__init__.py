"""A report as text, in the terminal, as JSON, Markdown and HTML."""
