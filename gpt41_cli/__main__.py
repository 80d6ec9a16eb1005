"""The console script `gpt41`, and `python -m gpt41_cli`."""

import gc
import sys

EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C exits with 130, also while it is still being imported."""
    # A process this short keeps nearly everything it makes: looking for garbage would be a thirtieth of its time.
    gc.disable()
    try:
        from gpt41_cli.cli import app

        app(prog_name="gpt41")
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
