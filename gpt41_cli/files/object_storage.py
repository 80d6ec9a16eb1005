"""Objects behind `s3://`, `gs://` and `abfs://` addresses, listed and read through pyarrow (extra `arrow`).

This is the only module that opens a connection, and it does so only for such an address on the command line. Credentials, region
and endpoint come from the environment and the files of the cloud's own tools, as pyarrow reads them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, NoReturn, cast

from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import InputSource, Unreadable
from gpt41_cli.files.trees import SkippedPath, find_tables

_BUFFER_BYTES = 1 << 22
"""How much is requested at a time: each request waits until the server begins to answer."""

_ATTEMPTS = 3
"""How often a request to S3 is tried. It is abandoned 3 seconds after the last byte; pyarrow itself would try 31 times."""

_RETRY_SECONDS = 10
"""How long a request to Google's storage is tried. pyarrow itself would try for 15 minutes."""

_CREDENTIALS = {
    "s3": "AWS_PROFILE or AWS_ACCESS_KEY_ID",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "abfs": "AZURE_CLIENT_ID",
}
_SPELLINGS = (
    (r"s3[an]?://(.*)", r"s3://\1"),
    (r"gc?s://(.*)", r"gs://\1"),
    (r"(?:wasb|abfs)s?://([^@/]+)@([^./]+)\.\w+\.core\.windows\.net/(.*)", r"abfss://\1@\2.dfs.core.windows.net/\3"),
    (r"https?://([^./]+)\.\w+\.core\.windows\.net/([^/]+)/?(.*)", r"abfss://\2@\1.dfs.core.windows.net/\3"),
    (r"(?:az|adl|wasbs?|abfss?)://.*", "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH"),
    (r"https?://s3[.-][^/]*amazonaws\.com/(.*)", r"s3://\1"),
    (r"https?://([^/]+)\.s3[.-][^/]*amazonaws\.com/(.*)", r"s3://\1/\2"),
    (r"https?://storage\.(?:googleapis|cloud\.google)\.com/(.*)", r"gs://\1"),
    (r"file://(?:localhost)?(/.*)", r"\1"),
)
"""How other tools spell the addresses of what is read here, and how it is spelt here."""

_REPEATED = re.compile(r"^When [^:]*: |: No response body| error_info=.*")
_REFUSAL = re.compile(
    "ACCESS_DENIED|PERMISSION_DENIED|UNAUTHENTICATED|[Cc]redential|[Aa]uthenti|[Aa]uthoriz|SIGNATURE|ACCESS_KEY|TOKEN"
)
_HAS_SECRET = re.compile(r"\w+://[^/@]*:[^/@]*@|.*\?")
_HIDDEN = re.compile(r"(?:^|/)[._]")


def list_objects(url: str) -> tuple[list[InputSource], list[SkippedPath]]:
    """List the object at an address, or all below it in order, and what was skipped. As engines do, it skips names that begin
    with `.` or `_`.

    Raises InputError if the address can't be used or pyarrow is missing, Unreadable if the server can't be reached, refuses, or
    has nothing there.
    """
    scheme, _, rest = url.partition("://")
    if not rest.strip("/") or rest.startswith("/"):
        raise InputError(f"{scheme}://", "an address of a bucket and a key", "one without a bucket", "is a variable in it empty?")
    if _HAS_SECRET.match(url):
        hint = "credentials and endpoints come from the environment"
        raise InputError(f"{scheme}://", "an address of a bucket and a key", "one with a password or a query", hint)
    try:
        from pyarrow import fs
    except ModuleNotFoundError:
        hint = "pip install 'gpt41[arrow]'"
        raise InputError(expected="pyarrow, which reads such addresses", found="none", hint=hint, location=url) from None
    with _explain_failure(url):
        system, path = _connect(fs, url)
        info = system.get_file_info(path)
    if info.type == fs.FileType.File:
        return [_make_source(url, system, info)], []
    if info.type == fs.FileType.NotFound:
        hint = "name the folder: there are no wildcards" if "*" in url else ""
        raise Unreadable(expected="an object or a folder", found="nothing of that name", hint=hint, location=url)
    with _explain_failure(url):
        below = system.get_file_info(fs.FileSelector(path, recursive=True))
    begin = len(path.rstrip("/")) + 1
    files = sorted((file for file in below if file.type == fs.FileType.File), key=lambda file: file.path)
    base = url.rstrip("/")
    sources: list[InputSource] = []
    tables = find_tables(file.path[begin:] for file in files)
    skipped = [SkippedPath(f"{base}/{table}", reason, is_unreadable=True) for table, reason in tables.items()]
    for file in files:
        inner = file.path[begin:]
        if inner.startswith(tuple(tables)):
            continue
        if _HIDDEN.search(inner):
            skipped.append(SkippedPath(f"{base}/{inner}", "a name that begins with . or _"))
        else:
            sources.append(_make_source(f"{base}/{inner}", system, file, is_from_folder=True))
    return sources, skipped


def refuse_address(url: str) -> NoReturn:
    """Raise InputError for an address in a spelling that isn't read, with the one that is. Its query may have a secret, and isn't
    shown.
    """
    shown = url.partition("?")[0]
    known = ((re.fullmatch(spelling, shown, re.IGNORECASE), ours) for spelling, ours in _SPELLINGS)
    hint = next((f"write {match.expand(ours)}" for match, ours in known if match), "copy it to this machine first")
    raise InputError(expected="a file, or an address that begins with s3://, gs:// or abfss://", hint=hint, location=shown)


def _connect(fs: Any, url: str) -> tuple[Any, str]:
    """Return the file system of an address, with limits on retries, and the path in it."""
    if url.startswith("gs://"):
        system, path = fs.FileSystem.from_uri(f"{url}?retry_limit_seconds={_RETRY_SECONDS}")
        return system, path
    system, path = fs.FileSystem.from_uri(url)
    if isinstance(system, fs.S3FileSystem):
        # An address can't say how often to try; and of the environment, only an address takes the endpoint.
        _, (settings,) = system.__reduce__()
        kept = {name: settings[name] for name in ("region", "scheme", "endpoint_override")}
        system = fs.S3FileSystem(**kept, retry_strategy=fs.AwsStandardS3RetryStrategy(_ATTEMPTS))
    return system, path


def _make_source(url: str, system: Any, info: Any, *, is_from_folder: bool = False) -> InputSource:
    return InputSource(url, partial(_open_object, url, system, info.path), is_from_folder, object_bytes=info.size)


def _open_object(url: str, system: Any, path: str) -> BinaryIO:
    with _explain_failure(url):
        file = system.open_input_file(path)
    return cast("BinaryIO", io.BufferedReader(_ObjectStream(url, file), _BUFFER_BYTES))


class _ObjectStream(io.RawIOBase):
    """An object as a file. Reading raises Unreadable if the server fails."""

    def __init__(self, url: str, file: Any) -> None:
        self._url, self._file = url, file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _explain_failure(self._url):
            return int(self._file.readinto(buffer))

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def _explain_failure(url: str) -> Iterator[None]:
    """Convert an error of pyarrow about a server that fails or refuses into Unreadable."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError:
        raise Unreadable(expected="an object or a folder", found="nothing of that name", location=url) from None
    except (OSError, pa.ArrowException) as error:
        words = _REPEATED.sub("", str(error).partition("\n")[0]).rstrip(".")
        names = next(names for scheme, names in _CREDENTIALS.items() if url.startswith(scheme))
        hint = f"credentials come from the environment, such as {names}" if _REFUSAL.search(words) else ""
        raise Unreadable(expected="an object that can be read", found=OSError(words), hint=hint, location=url) from None
