"""Counts calls a request, of Python, C and the system: `python -m bench.calls --only dugong`."""

from __future__ import annotations

from bench.exact import main
from bench.instruments import calls, syscalls

if __name__ == "__main__":
    main("python -m bench.calls", __doc__, [calls, syscalls])
