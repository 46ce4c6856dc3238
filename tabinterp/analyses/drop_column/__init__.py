"""How much does the loss of the linear model rise when it is refitted with one column left out?"""
