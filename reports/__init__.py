"""Renderings of one audit. Computes nothing."""
