"""Does the difference in performance between the two models depend on the training rows?"""
