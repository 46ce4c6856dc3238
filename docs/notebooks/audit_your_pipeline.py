"""
What shape did the network learn?
=================================
"""

import matplotlib.pyplot as plt

plt.plot([1, 2])
