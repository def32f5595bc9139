"""Counts user instructions a request: `python -m bench.instructions --only dugong`."""

from __future__ import annotations

from bench.exact import main
from bench.instruments import instructions

if __name__ == "__main__":
    main("python -m bench.instructions", __doc__, [instructions])
