"""Do explanation methods agree on which columns matter, and in which direction?"""
