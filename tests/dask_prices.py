"""Price lines on two workers of Dask, one of which is killed half way.

`column` of the folder holds the function and the lines, `rows` takes what came out.

python dask_prices.py FOLDER
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
from distributed import Client, LocalCluster

from gpt41_cli.arrow import ArrowColumn


def price_part(lines: list[str], price: ArrowColumn, killed: Path | None) -> list[dict[str, Any]]:
    """Price some lines in a worker; kill it at the first try if there is a path for a trace of that."""
    if killed and not killed.exists():
        killed.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return list(price(pa.array(lines)).to_pylist())


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    price, lines = pickle.loads((folder / "column").read_bytes())
    parts = [lines[start : start + 50] for start in range(0, len(lines), 50)]
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        futures = [
            client.submit(price_part, part, price, folder / "killed" if at == 5 else None) for at, part in enumerate(parts)
        ]
        rows = [row for found in client.gather(futures) for row in found]
    (folder / "rows").write_bytes(pickle.dumps(rows))
