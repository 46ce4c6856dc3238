"""Import of WeasyPrint, the optional PDF renderer. Errors name the missing package or system library."""

from __future__ import annotations

from typing import Any

from tabinterp.errors import MissingError


def printer() -> Any:
    """Import and return WeasyPrint, or raise an error that names the missing package or system library."""
    try:
        import weasyprint  # noqa: PLC0415  # heavy, and optional
    except ModuleNotFoundError as error:
        raise MissingError(
            f"PDF output needs the package {error.name}. Install it with: pip install 'tabinterp[pdf]'"
        ) from None
    except OSError as error:  # WeasyPrint looks for Pango on import
        raise MissingError(
            f"PDF output needs the library Pango, which cannot be loaded ({_first_line(error)}). Install Pango with `apt-get "
            "install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0` on Debian and Ubuntu, with `brew install pango` on "
            "macOS, or as described at https://doc.courtbouillon.org/weasyprint/stable/first_steps.html on other systems"
        ) from None
    return weasyprint


def _first_line(error: OSError) -> str:
    return str(error).partition("\n")[0]
