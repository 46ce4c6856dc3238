"""How much does the loss of the linear model rise when it is refitted without a column?"""
