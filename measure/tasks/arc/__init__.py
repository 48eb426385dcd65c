"""ARC: coloured grids on a padded canvas, each puzzle and each augmentation of it with an identifier of its own."""
