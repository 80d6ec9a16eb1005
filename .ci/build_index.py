"""Build the index of a vocabulary that ships in the package, from the file that OpenAI publishes.

    python .ci/build_index.py o200k_base.tiktoken

The published file is https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken. Its SHA-256 is in
gpt41_cli/tokens/text/vocabulary.py; write that of the index there if it changes.
"""

import hashlib
import sys
from binascii import a2b_base64
from pathlib import Path

from gpt41_cli.tokens.text import vocabulary
from gpt41_cli.tokens.text.index import build_index


def main() -> None:
    """Write the index into the package."""
    published = Path(sys.argv[1])
    data = published.read_bytes()
    if hashlib.sha256(data).hexdigest() != vocabulary.VOCABULARIES[published.stem].published_sha256:
        sys.exit(f"{published} is not the published vocabulary")
    index = build_index([a2b_base64(token) for token in data.split()[::2]])
    path = Path(vocabulary.__file__).with_name(f"{published.stem}.index")
    path.write_bytes(index)
    print(f"{path}: SHA-256 {hashlib.sha256(index).hexdigest()}")


if __name__ == "__main__":
    main()
