"""Conversion of documents of earlier versions of tabinterp to the present form: the steps, and the sentences used earlier."""
