"""The console script `gpt41`, and `python -m gpt41_cli`."""

import gc
import sys


def main() -> None:
    """Run the command line and exit with its code; Ctrl-C exits with 130, also while it is still being imported."""
    # A process this short keeps nearly everything it makes: looking for garbage would be a thirtieth of its time.
    gc.disable()
    try:
        from gpt41_cli.app import run

        code = run()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
