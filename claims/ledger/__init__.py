"""What a paper claims, as it is written down: entries, printed figures, forms, and reading them."""
