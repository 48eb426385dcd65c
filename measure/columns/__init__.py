"""Columns of a Parquet file, computed in pieces, without loading the file."""
