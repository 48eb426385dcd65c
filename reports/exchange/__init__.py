"""Formats that other programs read: SARIF, annotations, LaTeX, CSV, badge, RO-Crate."""
