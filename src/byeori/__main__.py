"""`python -m byeori` is `byeori`."""

from __future__ import annotations

from byeori.cli.main import main

if __name__ == "__main__":
    main()
