"""What action.yml runs: gpt41 check, gpt41 diff against the base of the pull request, gpt41 scan if it is wanted, and one comment
in the pull request, kept up to date.

It is run in the workspace, by a Python that gpt41 is not installed in, as two steps. `check` runs gpt41 and has no token; its
exit code is the worst one of the commands', once their reports and the outputs are written. `comment` has the token and
runs nothing else. The inputs of the action come from the environment, the pull request from the file of the event. Nothing is
checked out; a base that is not here is fetched.
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

MOST_CHARACTERS = 65_536
"""Of a comment; GitHub refuses longer ones."""

PAGE = 100
"""Comments that GitHub lists at a time, at most."""

JOB_LOGIN = "github-actions[bot]"
"""Who writes with the token that GitHub makes for a job."""


class Result(NamedTuple):
    """What came of a command: its exit code, its report as Markdown, or why there is none, and the file of its JSON."""

    code: int
    markdown: str
    file: Path | None

    def figure(self, *keys: str) -> str:
        """What the JSON has there, as text; nothing where it has nothing there."""
        found: Any = json.loads(self.file.read_bytes()) if self.file else None
        for key in keys:
            found = found and found.get(key)
        return found or ""


NOTHING = Result(0, "", None)


def main() -> int:
    """The exit code of the step."""
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
    """The exit code of the commands. What the comment says is left in the file `parts`, if there will be one."""
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
    base = base_given(os.environ["BASE"]) if os.environ["BASE"] else pull_request and base_of(pull_request)
    # What cannot be checked cannot be compared, for the same reason.
    diff = run(folder, "diff", "--", base) if base and check.code <= 1 else NOTHING
    scan = run(folder, "scan", *(["--retires-within", within] if within else [])) if os.environ["SCAN"] == "true" else NOTHING
    code = max(check.code, diff.code, scan.code)
    write_outputs(code, check, diff)
    if os.environ["COMMENT"] == "true" and pull_request:
        named = {"diff": diff, "check": check, "scan": scan}
        first, *others = sorted(((name, each) for name, each in named.items() if each.markdown), key=lambda pair: -pair[1].code)
        parts.write_text(json.dumps([first[1].markdown.strip(), *(folded(*each) for each in others)]), "utf-8")
    return code


def folded(command: str, result: Result) -> str:
    """A report under a line that says how many errors and warnings it has: the comment shows one verdict and one table."""
    found = "it could not do its work"
    if result.file:
        counts = Counter(each["level"] for each in json.loads(result.file.read_bytes())["findings"])
        levels = (f"{counts[level]} {level}{'s' * (counts[level] > 1)}" for level in ("error", "warning") if counts[level])
        found = ", ".join(levels) or "no problems"
    return f"<details><summary>gpt41 {command}: {found}</summary>\n\n{result.markdown.strip()}\n\n</details>"


def run(folder: Path, command: str, *arguments: str) -> Result:
    """What came of `gpt41 COMMAND`; its annotations go to the log, and its report to the summary, too."""
    file, text = folder / f"{command}.json", folder / f"{command}.md"
    config = os.environ["CONFIG"] if command != "scan" else ""  # a scan is of the whole repository
    options = [*(["--config", config] if config else []), "--fail-on", os.environ["FAIL_ON"], "--format", "github"]
    # Isolated: a module in the workspace is none of gpt41's, also where PYTHONPATH says so.
    gpt41 = [str(Path(os.environ["RUNNER_TEMP"], "gpt41", "bin", "python")), "-I", "-X", "utf8", "-m", "gpt41_cli", command]
    code, said = call_in_time([*gpt41, *options, "--output", str(file), "--output", str(text), *arguments])
    if said:
        annotate("error" if code > 1 else "notice", said)
    if text.exists():
        return Result(code, text.read_text("utf-8"), file)
    markdown = f"**gpt41 {command} could not do its work**\n\n{fenced(said or f'it ended with exit code {code}')}\n"
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write(f"\n\n{markdown}")
    return Result(code, markdown, None)


def call_in_time(command: list[str]) -> tuple[int, str]:
    """The exit code of a command and what it says on standard error; it and all that it started are stopped after a while."""
    minutes = int(os.environ["TIMEOUT_MINUTES"])
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            _, said = process.communicate(timeout=60 * minutes)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return 2, f"gpt41 was stopped after {minutes} min; timeout-minutes allows it more"
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    return code, said.decode("utf-8", "backslashreplace").strip()


def fenced(text: str) -> str:
    """Any text as a block that it cannot end; no more of it than anybody reads."""
    shown = text[:4_000]
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


def write_outputs(code: int, check: Result = NOTHING, diff: Result = NOTHING) -> None:
    """The outputs of the step, one a line: none of them can have a line break in it."""
    outputs = {
        "status": {0: "ok", 1: "failed"}.get(code, "unusable"),
        "monthly-usd": check.figure("monthly_usd", "expected"),
        "change-usd": diff.figure("total", "change_usd") if diff.figure("total", "unit") == "month" else "",
        "report": check.file or "",
    }
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in outputs.items())


def annotate(level: str, message: str) -> None:
    """One annotation of this run; nothing in the message can begin a command of its own."""
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{level} title=gpt41::{escaped}", flush=True)


# The base.


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


class Said(NamedTuple):
    """What git prints, or why it could not do its work."""

    is_done: bool
    text: str


def git(*arguments: str) -> Said:
    """What git says; it may also not be there."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except OSError as error:
        return Said(False, str(error))
    said = done.stderr if done.returncode else done.stdout
    return Said(not done.returncode, said.decode("utf-8", "backslashreplace").strip())


def base_given(name: str) -> str:
    """The base that the input names: a report as it is, a revision once it is here. As in gpt41 diff, the name decides."""
    return name if name.startswith((".", "/")) or name.endswith(".json") else here(name)


def base_of(pull_request: dict[str, Any]) -> str:
    """The commit that has all but what the pull request changes.

    As a rule GitHub's merge of the pull request into its base is checked out: that is the merge's first parent, of which the
    base in the event may fall short. Else it is where the two parted, and the base itself where a shallow history does not tell.
    """
    header = git("cat-file", "commit", "HEAD").text.partition("\n\n")[0]  # a shallow clone tells of parents only here
    parents = re.findall(r"^parent (\w+)$", header, re.MULTILINE)
    if parents[1:] == [pull_request["head"]["sha"]]:
        return here(parents[0])
    base = here(pull_request["base"]["sha"])
    parted = git("merge-base", base, "HEAD")
    return parted.text if parted.is_done else base


def here(name: str) -> str:
    """A revision of this repository that `name` says, fetched if need be; `name` as it is where that fails."""
    known = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if known.is_done or not re.fullmatch(r"[\w.][^:]*", name):
        return name
    # To fetch to a depth would cut off what a whole clone has.
    depth = ["--depth=1"] if git("rev-parse", "--is-shallow-repository").text == "true" else []
    fetched = git("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", *depth, "--", "origin", name)
    if not fetched.is_done:
        hint = "with fetch-depth: 2, actions/checkout brings the base of a pull request"
        annotate("warning", f"{name} could not be fetched; {hint}\n{fetched.text}")
        return name
    return git("rev-parse", "FETCH_HEAD").text


# The comment.


def comment(token: str, number: int, parts: list[str]) -> None:
    """Write the comment of this config in the pull request, or rewrite it; whatever comes in the way does not hide the check."""
    try:
        marker = f"<!-- gpt41 {urllib.parse.quote(os.path.normpath(os.environ['CONFIG'] or 'gpt41.yaml'))} -->"
        body = {"body": fitting(marker, parts)}
        issues = f"repos/{os.environ['GITHUB_REPOSITORY']}/issues"
        earlier = find_comment(token, f"{issues}/{number}/comments", marker)
        if earlier is None:
            call(token, "POST", f"{issues}/{number}/comments", body)
        else:
            call(token, "PATCH", f"{issues}/comments/{earlier}", body)
    except urllib.error.HTTPError as error:
        if error.code in (403, 404):
            why = "it may not in pull requests of forks, and needs pull-requests: write elsewhere. The summary has the reports"
            annotate("notice", f"no comment: the token may not write one; {why}")
        else:
            annotate("warning", f"no comment: GitHub answered with {error.code}")
    except Exception as error:  # the text of some errors quotes what was sent, the token with it
        annotate("warning", f"no comment: {type(error).__name__} on asking GitHub")


def fitting(marker: str, parts: list[str]) -> str:
    """The marker and all parts, or as many as fit into a comment and where the rest is."""
    run_of = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}".format_map(os.environ)
    rest = f"The rest is too long for a comment: see [the summary]({run_of}).\n"
    candidates = (parts, *([*parts[:count], rest] for count in reversed(range(len(parts)))))
    bodies = ("\n\n".join([marker, *candidate]) for candidate in candidates)
    return next(body for body in bodies if len(body) <= MOST_CHARACTERS)


def find_comment(token: str, path: str, marker: str) -> int | None:
    """The id of the comment that this action wrote before; anybody could write one with the marker."""
    try:
        me = JOB_LOGIN if token == os.environ["JOB_TOKEN"] else call(token, "GET", "user")["login"]
    except urllib.error.HTTPError:
        me = None  # the token of another app is not told whose it is
    page = 0
    while True:
        page += 1
        comments = call(token, "GET", f"{path}?per_page={PAGE}&page={page}")
        for each in comments:
            author = each["user"] or {}
            login = author.get("login")
            is_mine = login == me if me else author.get("type") == "Bot" and login != JOB_LOGIN
            if is_mine and (each["body"] or "").startswith(marker):
                return int(each["id"])
        if len(comments) < PAGE:
            return None


def call(token: str, method: str, path: str, body: object = None) -> Any:
    """What GitHub's API answers."""
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
