"""Measure the package beside bare Django and its peers: `python benchmarks/run.py`."""

from __future__ import annotations

from bench.run import main

if __name__ == "__main__":
    main()
