"""What a reader must know, in words, from results alone."""
