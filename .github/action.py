"""The two steps of action.yml: `check` runs gpt41, and `comment` keeps one comment on the pull request up to date.

`check` runs gpt41 check, gpt41 diff against the base of the pull request and, if asked to, gpt41 scan. It has no token. It writes
the reports and the outputs, and exits with the highest exit code of the commands. `comment` has the token and runs nothing else.

Both run in the workspace, with a Python that gpt41 isn't installed in. They read the inputs of the action from the environment
and the pull request from the file of the event. They check nothing out, and fetch a base that the clone lacks.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

MAX_COMMENT_CHARACTERS = 65_536
"""GitHub refuses longer comments."""

COMMENTS_PER_PAGE = 100
"""The most that GitHub lists at once."""

JOB_LOGIN = "github-actions[bot]"
"""The author of comments that are written with the token of a job."""


class Result(NamedTuple):
    """The result of a command: its exit code, its report or its error as Markdown, and the file of its JSON report if it wrote
    one.
    """

    code: int
    markdown: str
    file: Path | None

    def get_figure(self, *keys: str) -> str:
        """Return the value at these keys of the JSON report, or an empty text if there is none."""
        found: Any = json.loads(self.file.read_bytes()) if self.file else None
        for key in keys:
            found = found and found.get(key)
        return found or ""


NOT_RUN = Result(0, "", None)


def main() -> int:
    """Run one of the two steps and return its exit code."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_bytes())
    parts = Path(os.environ["RUNNER_TEMP"], "gpt41-comment.json")
    if sys.argv[1] == "check":
        return check_and_compare(event.get("pull_request"), parts)
    token = os.environ["TOKEN"].strip()
    if parts.exists():
        found = json.loads(parts.read_bytes())
        parts.unlink()  # a job may use the action twice
        if token:
            comment(token, event["pull_request"]["number"], found)
    return 0


def check_and_compare(pull_request: dict[str, Any] | None, parts: Path) -> int:
    """Run the commands and return the highest exit code. Write the parts of the comment to the file `parts`, if one is wanted."""
    parts.unlink(missing_ok=True)
    for name in ("SCAN", "COMMENT"):
        if os.environ[name] not in ("true", "false"):
            annotate("error", f"{name.lower()}: expected true or false, found {os.environ[name]!r}")
            write_outputs(2)
            return 2
    if not re.fullmatch(r"[1-9]\d{0,3}", os.environ["TIMEOUT_MINUTES"], re.ASCII):
        annotate("error", f"timeout-minutes: expected a number of minutes, found {os.environ['TIMEOUT_MINUTES']!r}")
        write_outputs(2)
        return 2
    trust_the_workspace()
    folder = Path(tempfile.mkdtemp(prefix="gpt41-", dir=os.environ["RUNNER_TEMP"]))

    within = os.environ["RETIRES_WITHIN"]
    check = run(folder, "check", *(["--retires-within", within] if within else []))
    base = find_given_base(os.environ["BASE"]) if os.environ["BASE"] else pull_request and find_base(pull_request)
    # What can't be checked can't be compared either, for the same reason.
    diff = run(folder, "diff", "--", base) if base and check.code <= 1 else NOT_RUN
    scan = run(folder, "scan", *(["--retires-within", within] if within else [])) if os.environ["SCAN"] == "true" else NOT_RUN
    code = max(check.code, diff.code, scan.code)
    write_outputs(code, check, diff)
    if os.environ["COMMENT"] == "true" and pull_request:
        named = {"diff": diff, "check": check, "scan": scan}
        first, *others = sorted(((name, each) for name, each in named.items() if each.markdown), key=lambda pair: -pair[1].code)
        parts.write_text(json.dumps([first[1].markdown.strip(), *(folded(*each) for each in others)]), "utf-8")
    return code


def folded(command: str, result: Result) -> str:
    """Return a report folded under a line that says how many errors and warnings it has: the comment shows one verdict and one
    table.
    """
    found = "it could not do its work"
    if result.file:
        counts = Counter(each["level"] for each in json.loads(result.file.read_bytes())["findings"])
        levels = (f"{counts[level]} {level}{'s' * (counts[level] > 1)}" for level in ("error", "warning") if counts[level])
        found = ", ".join(levels) or "no problems"
    return f"<details><summary>gpt41 {command}: {found}</summary>\n\n{result.markdown.strip()}\n\n</details>"


def run(folder: Path, command: str, *arguments: str) -> Result:
    """Run `gpt41 COMMAND`. Its annotations go to the log, and its report to the summary of the job, too."""
    file, text = folder / f"{command}.json", folder / f"{command}.md"
    config = os.environ["CONFIG"] if command != "scan" else ""  # a scan covers the whole repository
    options = [*(["--config", config] if config else []), "--fail-on", os.environ["FAIL_ON"], "--format", "github"]
    # Isolated (-I): no module of the workspace is imported, whatever PYTHONPATH says.
    gpt41 = [str(Path(os.environ["RUNNER_TEMP"], "gpt41", "bin", "python")), "-I", "-X", "utf8", "-m", "gpt41_cli", command]
    code, said = call_in_time([*gpt41, *options, "--output", str(file), "--output", str(text), *arguments])
    if said:
        annotate("error" if code > 1 else "notice", said)
    if text.exists():
        return Result(code, text.read_text("utf-8"), file)
    markdown = f"**gpt41 {command} could not do its work**\n\n{quote_as_code(said or f'it ended with exit code {code}')}\n"
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write(f"\n\n{markdown}")
    return Result(code, markdown, None)


def call_in_time(command: list[str]) -> tuple[int, str]:
    """Run a command and return its exit code and its standard error. When its time is over, kill it and all that it started."""
    minutes = int(os.environ["TIMEOUT_MINUTES"])
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            _, said = process.communicate(timeout=60 * minutes)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return 2, f"gpt41 was stopped after {minutes} min; timeout-minutes allows it more"
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    return code, said.decode("utf-8", "backslashreplace").strip()


def quote_as_code(text: str) -> str:
    """Return a text as a code block that the text can't close, cut to a length that people read."""
    shown = text[:4_000]
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


def write_outputs(code: int, check: Result = NOT_RUN, diff: Result = NOT_RUN) -> None:
    """Write the outputs of the step, one per line: none of them can contain a line break."""
    outputs = {
        "status": {0: "ok", 1: "failed"}.get(code, "unusable"),
        "monthly-usd": check.get_figure("monthly_usd", "expected"),
        "change-usd": diff.get_figure("total", "change_usd") if diff.get_figure("total", "unit") == "month" else "",
        "report": check.file or "",
    }
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in outputs.items())


def annotate(level: str, message: str) -> None:
    """Print an annotation of this run, escaped so that the message can't contain a workflow command."""
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{level} title=gpt41::{escaped}", flush=True)


# The base of the comparison.


def trust_the_workspace() -> None:
    """Let git, here and in gpt41, read a workspace that another user owns, as in jobs that run in a container."""
    count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    os.environ.update(
        {
            "GIT_CONFIG_COUNT": str(count + 1),
            f"GIT_CONFIG_KEY_{count}": "safe.directory",
            f"GIT_CONFIG_VALUE_{count}": "*",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
        }
    )


class GitResult(NamedTuple):
    """The output of git, or its error."""

    is_done: bool
    text: str


def git(*arguments: str) -> GitResult:
    """Run git. If it isn't installed, the result is that error."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except OSError as error:
        return GitResult(False, str(error))
    said = done.stderr if done.returncode else done.stdout
    return GitResult(not done.returncode, said.decode("utf-8", "backslashreplace").strip())


def find_given_base(name: str) -> str:
    """Return the base in the input: a saved report as it is, a revision once it is fetched. As in gpt41 diff, its name tells."""
    return name if name.startswith((".", "/")) or name.endswith(".json") else resolve_revision(name)


def find_base(pull_request: dict[str, Any]) -> str:
    """Return the commit that the pull request changes.

    GitHub usually checks out its merge of the pull request into the base. The first parent of that merge is the base; the base in
    the event may be older. For any other checkout, it is the common ancestor, or the base in the event if the history is too
    shallow to find one.
    """
    header = git("cat-file", "commit", "HEAD").text.partition("\n\n")[0]  # the only place where a shallow clone has the parents
    parents = re.findall(r"^parent (\w+)$", header, re.MULTILINE)
    if parents[1:] == [pull_request["head"]["sha"]]:
        return resolve_revision(parents[0])
    base = resolve_revision(pull_request["base"]["sha"])
    ancestor = git("merge-base", base, "HEAD")
    return ancestor.text if ancestor.is_done else base


def resolve_revision(name: str) -> str:
    """Return the commit that `name` means, fetched if the clone lacks it; `name` itself if that fails."""
    known = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if known.is_done or not re.fullmatch(r"[\w.][^:]*", name):
        return name
    # In a full clone, --depth would cut the history off.
    depth = ["--depth=1"] if git("rev-parse", "--is-shallow-repository").text == "true" else []
    fetched = git("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", *depth, "--", "origin", name)
    if not fetched.is_done:
        hint = "with fetch-depth: 2, actions/checkout brings the base of a pull request"
        annotate("warning", f"{name} could not be fetched; {hint}\n{fetched.text}")
        return name
    return git("rev-parse", "FETCH_HEAD").text


# The comment.


def comment(token: str, number: int, parts: list[str]) -> None:
    """Write or update the comment of this config on the pull request. No error here fails the step: the check counts."""
    try:
        marker = f"<!-- gpt41 {urllib.parse.quote(os.path.normpath(os.environ['CONFIG'] or 'gpt41.yaml'))} -->"
        body = {"body": fit_comment(marker, parts)}
        issues = f"repos/{os.environ['GITHUB_REPOSITORY']}/issues"
        earlier = find_comment(token, f"{issues}/{number}/comments", marker)
        if earlier is None:
            call(token, "POST", f"{issues}/{number}/comments", body)
        else:
            call(token, "PATCH", f"{issues}/comments/{earlier}", body)
    except urllib.error.HTTPError as error:
        if error.code in (403, 404):
            why = "in pull requests from forks it never may, elsewhere it needs pull-requests: write. The summary has the reports"
            annotate("notice", f"no comment: the token may not write one; {why}")
        else:
            annotate("warning", f"no comment: GitHub answered with {error.code}")
    except Exception as error:  # the text of some errors quotes the request, with the token
        annotate("warning", f"no comment: {type(error).__name__} on asking GitHub")


def fit_comment(marker: str, parts: list[str]) -> str:
    """Return the marker and all parts, or as many parts as fit, with a link to the rest."""
    run_of = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}".format_map(os.environ)
    rest = f"The rest is too long for a comment: see [the summary]({run_of}).\n"
    candidates = (parts, *([*parts[:count], rest] for count in reversed(range(len(parts)))))
    bodies = ("\n\n".join([marker, *candidate]) for candidate in candidates)
    return next(body for body in bodies if len(body) <= MAX_COMMENT_CHARACTERS)


def find_comment(token: str, path: str, marker: str) -> int | None:
    """Return the id of the comment that this action wrote before. The author is checked, as anyone can write the marker."""
    try:
        me = JOB_LOGIN if token == os.environ["JOB_TOKEN"] else call(token, "GET", "user")["login"]
    except urllib.error.HTTPError:
        me = None  # GitHub doesn't tell another app who it is
    page = 0
    while True:
        page += 1
        comments = call(token, "GET", f"{path}?per_page={COMMENTS_PER_PAGE}&page={page}")
        for each in comments:
            author = each["user"] or {}
            login = author.get("login")
            is_mine = login == me if me else author.get("type") == "Bot" and login != JOB_LOGIN
            if is_mine and (each["body"] or "").startswith(marker):
                return int(each["id"])
        if len(comments) < COMMENTS_PER_PAGE:
            return None


def call(token: str, method: str, path: str, body: object = None) -> Any:
    """Call GitHub's API and return its answer."""
    request = urllib.request.Request(
        f"{os.environ['GITHUB_API_URL']}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28", "User-Agent": "gpt41"},
    )
    request.add_unredirected_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


if __name__ == "__main__":
    sys.exit(main())
