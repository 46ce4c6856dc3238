"""`python -m tabinterp.cli` runs the commands."""

from .app import run

if __name__ == "__main__":
    run()
