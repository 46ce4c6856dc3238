"""Files from strangers: read once and within limits, hashed before anything else, told apart by their first bytes."""
