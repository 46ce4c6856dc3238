"""What does the linear model lose when it is fitted again without a column?"""
