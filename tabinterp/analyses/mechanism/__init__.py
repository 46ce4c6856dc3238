"""How does the network compute its score? Shared parts of linear regions, conductance, path weights and ablation."""
