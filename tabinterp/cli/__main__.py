"""Run the command-line interface with `python -m tabinterp.cli`."""

from .commands import run

if __name__ == "__main__":
    run()
