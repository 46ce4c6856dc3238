"""Would the gain be the same with other training rows?"""
