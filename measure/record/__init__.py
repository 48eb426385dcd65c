"""The file a measurement is: its columns, its provenance, its writer, and the files beside it."""
