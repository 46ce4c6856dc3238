"""How does the network compute its score? Code for the report section on linear regions, conductance, path weights and
ablation.
"""
