"""Documents of earlier versions of tabinterp in the present form: the steps, and the sentences that they once held."""
