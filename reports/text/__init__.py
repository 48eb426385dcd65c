"""The audit and record differences as text: terminal and Markdown."""
