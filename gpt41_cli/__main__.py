"""The console script `gpt41`, and `python -m gpt41_cli`."""

import gc
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit with its code. Ctrl-C exits with 130, even during the imports."""
    # A run this short frees almost nothing; the garbage collector would cost 3 % of its time.
    gc.disable()
    try:
        from gpt41_cli.cli.streams import guard_streams

        guard_streams()
        from gpt41_cli.app import run

        code = run()
    except KeyboardInterrupt:
        code = 130
    # The system frees all memory at once; the interpreter would free a vocabulary of 200,000 tokens one by one.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
