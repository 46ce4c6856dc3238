"""How does the network compute its score? Code shared by linear regions, conductance, path weights and ablation."""
