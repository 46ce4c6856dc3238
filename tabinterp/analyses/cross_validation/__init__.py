"""Would the gain be there with other training rows?"""
