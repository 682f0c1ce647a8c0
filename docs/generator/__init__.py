"""How the pages of docs/reference are made. Run it with `python -m docs.generate`."""
