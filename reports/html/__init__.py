"""The audit as one offline page."""
