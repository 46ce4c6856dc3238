"""Conversion of documents from earlier versions of tabinterp to the current form: the conversion steps, and sentences that are no
longer in use.
"""
