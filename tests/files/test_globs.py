"""Globs match what people mean by them, which is what git matches, less hidden files."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gpt41_cli.files import trees
from gpt41_cli.files.globs import PathPattern, find_fixed_folder, is_glob

NAMES = ("a", "b", "ab", "ba", "abb", "a.b", "]", "-", "^a", ".a")
PATHS = ["/".join(names) for depth in (1, 2, 3) for names in itertools.product(NAMES, repeat=depth)]
PIECES = ("a", "b", ".", "*", "?", "[ab]", "[!a]", "[^b]", "[a-b]", "[]a]", "[!]-]", "[a-]", "]", "-", "^")
NORMAL = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)
# git takes "." away, and some asterisks side by side for "**" that by its own documentation are not.
NORMAL = NORMAL.filter(lambda name: name not in (".", "..") and "**" not in name)
PATTERNS = st.lists(st.just("**") | NORMAL, min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("glob", "matched", "others"),
    [
        ("*.md", ["a.md"], ["a/b.md", ".a.md", "a.mdx", "md"]),
        ("prompts/*", ["prompts/a", "prompts/a.b"], ["prompts/a/b", "prompts/.a", "prompts"]),
        ("**/*.md", ["a.md", "x/a.md", "x/y/a.md"], ["x/.y/a.md", "x/.a.md"]),
        ("x/**/a.md", ["x/a.md", "x/y/a.md", "x/y/z/a.md"], ["a.md", "y/x/a.md"]),
        ("x/**", ["x/a", "x/y/z/a"], ["x", "x/.a", "y/a"]),
        ("**", ["a", "x/y/a"], [".a", ".x/a"]),
        ("a**b", ["ab", "axxb"], ["a/b", "ax/yb"]),
        (".x/*", [".x/a"], [".x/.a", "x/a"]),
        ("**/.x/.*", [".x/.a", "y/.x/.b"], [".x/a", ".y/.x/.a"]),
        ("?.md", ["ä.md"], ["..md", ".md", "ab.md"]),
        ("v[0-9].md", ["v1.md"], ["v10.md", "vx.md"]),
        ("[!a-c]", ["d"], ["a", "dd", ".", "/"]),
        ("[^a]*", ["b", "bc"], ["a", "ab", ".b"]),
        ("[[^]x", ["[x", "^x"], ["ax"]),
        ("[!][^]", ["a"], ["]", "[", "^"]),
        ("a[b", ["a[b"], ["ab"]),
        ("a\\*", ["a\\b"], ["a*"]),
        ("{a,b}?", ["{a,b}c"], ["ac"]),
        ("../x/*.md", ["../x/a.md"], ["x/a.md", "../y/a.md"]),
        ("A*", ["AB"], ["ab"]),
        ("[b-a]*", [], ["a", "b"]),
        ("*", ["a\nb"], ["a\n/b"]),
    ],
)
def test_a_glob_matches_what_people_mean(glob: str, matched: list[str], others: list[str]) -> None:
    assert is_glob(glob)
    matches = PathPattern(glob).matches
    assert [path for path in matched + others if matches(path)] == matched


@pytest.mark.parametrize("path", ["a.md", "x/a b.md", "../x", "{a,b}", "!a", "~"])
def test_a_path_without_wildcards_is_not_a_glob(path: str) -> None:
    assert not is_glob(path)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Repositories that list PATHS, one for each depth, so that no name is a file and a folder at once."""
    folder = tmp_path_factory.mktemp("globs")
    for depth in (1, 2, 3):
        (folder / str(depth)).mkdir()
        subprocess.run(["git", "init", "-q", "--object-format=sha1"], cwd=folder / str(depth), check=True)
        lines = [f"100644 {'1' * 40} 0\t{path}\n" for path in PATHS if path.count("/") == depth - 1]
        command = ["git", "update-index", "--index-info"]
        subprocess.run(command, cwd=folder / str(depth), input="".join(lines), text=True, check=True)
    return folder


def matched_by_git(repository: Path, glob: str) -> set[str]:
    found: set[str] = set()
    for depth in ("1", "2", "3"):
        command = ["git", "ls-files", "-z", f":(glob){glob}"]
        done = subprocess.run(command, cwd=repository / depth, capture_output=True, text=True, check=True)
        found |= set(done.stdout.split("\0")[:-1])
    return found


@given(parts=PATTERNS.filter(lambda parts: is_glob("/".join(parts))))
@settings(max_examples=100)
def test_a_glob_matches_what_git_matches_but_for_hidden_files(repository: Path, parts: list[str]) -> None:
    glob = "/".join(parts)
    matches = PathPattern(glob).matches
    found, by_git = {path for path in PATHS if matches(path)}, matched_by_git(repository, glob)
    assert found <= by_git
    assert all(".a" in path.split("/") for path in by_git - found)
    prefix = find_fixed_folder(glob)
    assert all(path.startswith(prefix) for path in found)


@given(parts=PATTERNS)
def test_hidden_names_are_matched_only_by_a_dot(parts: list[str]) -> None:
    matches = PathPattern("/".join(parts)).matches
    dots = sum(part.startswith(".") for part in parts)
    assert all(path.split("/").count(".a") <= dots for path in PATHS if matches(path))


@pytest.mark.parametrize("is_git", [False, True])
def test_many_wildcards_take_no_longer_than_few(is_git: bool) -> None:
    for pattern, path in (
        ("**/" * 6_000 + "x", "a/" * 200 + "b"),
        ("**/a/" * 3_000 + "x", "a/" * 200 + "b"),
        ("*a" * 3_000 + "x", "a" * 250),
        ("?*" * 3_000 + "x", "a" * 250),
        ("[" * 19_000, "a"),
        ("[!]" * 6_000, "a"),
        ("[[:" * 6_000, "a"),
    ):
        assert not PathPattern(pattern, is_git=is_git).matches(path)


def test_what_a_glob_may_match_below_a_folder() -> None:
    below = PathPattern("prompts/**/a/*.md").may_match_below
    assert [folder for folder in ("prompts", "prompts/x", "prompts/x/a", "other", "prompts/.x") if below(folder)] == [
        "prompts",
        "prompts/x",
        "prompts/x/a",
    ]
    assert not PathPattern("prompts/*.md").may_match_below("prompts/a.md")


IGNORE_PIECES = (*PIECES, "\\", " ", "#", "!", "[[:alpha:]]", "[[:digit:]a]", "[![:punct:]]", "[\\]]", "[a", "[[:a:]]")
IGNORE_NAMES = st.lists(st.sampled_from(IGNORE_PIECES), min_size=1, max_size=3).map("".join)
IGNORE_LINES = st.builds(
    lambda before, names, after: before + "/".join(names) + after,
    st.sampled_from(("", "", "!", "/", "#", "\\!", "\\#")),
    st.lists(st.just("**") | IGNORE_NAMES, min_size=1, max_size=3),
    st.sampled_from(("", "", "/", " ", "\\ ", "\r")),
)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders with the same folders and files of many names; the first one is a repository."""
    top = tmp_path_factory.mktemp("ignored")
    names = ("a", "b", "ab", "a.b", "]", "-", ".a", "#", "!a", "a ", "\\")
    for twin, (outer, inner) in itertools.product(("repository", "folder"), itertools.product(names, names)):
        (top / twin / outer / inner).mkdir(parents=True)
        for name in ("a", ".b", "a]"):
            (top / twin / outer / inner / name).touch()
        (top / twin / outer / f"{inner}~").touch()
    subprocess.run(["git", "init", "-q"], cwd=top / "repository", check=True)
    return top / "repository", top / "folder"


@given(lines=st.lists(IGNORE_LINES, min_size=1, max_size=3))
@example(lines=["a/", "!a/b"])
@example(lines=["/**", "!*/"])
@settings(max_examples=60)
def test_a_gitignore_ignores_what_git_ignores(twins: tuple[Path, Path], lines: list[str]) -> None:
    listed = []
    for twin in twins:
        (twin / ".gitignore").write_text("\n".join(lines) + "\n", newline="")
        listed.append({str(path.relative_to(twin)) for path in trees.list_files(twin).files})
    assert listed[0] == listed[1]
