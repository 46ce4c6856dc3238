"""Would the difference in performance be the same with other training rows?"""
