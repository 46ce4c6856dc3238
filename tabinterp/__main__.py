"""Entry point of `python -m tabinterp`, which runs the command-line interface."""

from tabinterp.cli.commands import run

if __name__ == "__main__":
    run()
