"""How does the network compute its score? What linear regions, conductance, path weights and ablation have in common."""
