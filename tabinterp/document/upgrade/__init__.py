"""Conversion of documents of earlier versions of tabinterp to the current form: the steps, and earlier sentences."""
