"""Run the command line with `python -m tabinterp`."""

from tabinterp.cli.commands import run

if __name__ == "__main__":
    run()
