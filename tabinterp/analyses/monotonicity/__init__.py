"""Is the score monotone in a column over the whole domain: proved, refuted by two rows, or open?"""
