"""action.yml as GitHub's runner runs it: its very steps in bash, a real repository, and a local stand-in for GitHub's API."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.builders import commit_files, git
from tests.conftest import ROOT, environment

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
INSTALL, RUN, COMMENT = ACTION["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{ ([\w.-]+) \}\}")

TOKEN, OTHER_TOKEN = "ghs_0123456789abcdef", "ghp_fedcba9876543210"
"""The one that GitHub makes for the job, and one that the workflow gives."""
ME = {"login": "github-actions[bot]", "type": "Bot"}
SOMEBODY = {"login": "somebody", "type": "User"}
MARKER = "<!-- gpt41 gpt41.yaml -->"

CONFIG = """\
version: 1
defaults: {model: gpt-4.1-mini, output_tokens: 100}
workloads:
  triage: {prompt: triage.md, volume: 10000 / month, budget: {monthly_usd: 5}}
  answers: {prompt: answers.md, volume: 10000 / month}
"""
SHORT, LONG, ENDLESS = "word " * 100, "word " * 200, "word " * 2_000


class GitHub:
    """Pull request 7 of acme/shop, and what is asked about it. `refusals` are answers to a method instead of the right one."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.refusals: dict[str, tuple[int, str]] = {}
        self.me: dict[str, str] | None = None  # as whom a personal token comments

    def say(self, body: str, user: dict[str, str]) -> dict[str, Any]:
        self.comments.append({"id": 1_000 + len(self.comments), "body": body, "user": user})
        return self.comments[-1]

    def answer(self, method: str, address: str, body: dict[str, str]) -> tuple[int, str]:
        self.asked.append(f"{method} {address}")
        if method in self.refusals:
            return self.refusals[method]
        place = urlsplit(address)
        if (method, place.path) == ("GET", "/user"):
            return (200, json.dumps(self.me)) if self.me else (403, '{"message": "Resource not accessible by integration"}')
        if (method, place.path) == ("GET", "/repos/acme/shop/issues/7/comments"):
            size, page = (int(parse_qs(place.query)[key][0]) for key in ("per_page", "page"))
            return 200, json.dumps(self.comments[size * (page - 1) : size * page])
        if (method, place.path) == ("POST", "/repos/acme/shop/issues/7/comments"):
            return 201, json.dumps(self.say(body["body"], self.me or ME))
        if found := re.fullmatch(r"/repos/acme/shop/issues/comments/(\d+)", place.path):
            comment = next(each for each in self.comments if each["id"] == int(found[1]))
            if method == "PATCH":
                comment["body"] = body["body"]
                return 200, json.dumps(comment)
        return 404, '{"message": "Not Found"}'


@pytest.fixture
def github() -> Iterator[tuple[GitHub, str]]:
    """The stand-in and its address."""
    state = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"] or 0))
            status, text = state.answer(self.command, self.path, json.loads(sent or b"{}"))
            if self.headers["Authorization"] not in (f"Bearer {TOKEN}", f"Bearer {OTHER_TOKEN}"):
                status, text = 401, '{"message": "Bad credentials"}'
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield state, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Pull(NamedTuple):
    """A pull request in a repository: what runs are told of it, and GitHub's merge of it."""

    origin: Path
    base: str
    head: str
    merge: str

    @property
    def event(self) -> dict[str, Any]:
        return {"pull_request": {"number": 7, "base": {"sha": self.base}, "head": {"sha": self.head}}}

    def clone(self, folder: Path, *options: str, at: str | None = None) -> Path:
        """A checkout of the merge as actions/checkout makes it; of another commit with `at`."""
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet")
        git(folder, "remote", "add", "origin", self.origin.as_uri())
        git(folder, "fetch", "--quiet", *options, "origin", at or self.merge)
        git(folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")
        return folder


def pull_request(origin: Path, prompt: str, config: str = CONFIG, **base: str) -> Pull:
    """A pull request with a new prompt for triage, opened before the base branch has grown that for answers."""
    origin.mkdir()
    git(origin, "init", "--quiet")
    parted = commit_files(origin, **{"answers__md": SHORT, **(base or {"gpt41__yaml": CONFIG, "triage__md": SHORT})})
    git(origin, "branch", "feature")
    commit_files(origin, answers__md=LONG)
    return push(Pull(origin, parted, "", ""), triage__md=prompt, gpt41__yaml=config)


def push(pull: Pull, **files: str) -> Pull:
    """The pull request with one more commit."""
    git(pull.origin, "checkout", "--quiet", "feature")
    head = commit_files(pull.origin, **files)
    git(pull.origin, "checkout", "--quiet", "--detach", "main")
    git(pull.origin, "merge", "--quiet", "--no-ff", "--message", "Merge", "feature")
    merge = git(pull.origin, "rev-parse", "HEAD")
    git(pull.origin, "update-ref", "refs/pull/7/merge", merge)
    git(pull.origin, "checkout", "--quiet", "main")
    return pull._replace(head=head, merge=merge)


class Ran(NamedTuple):
    """A finished run: exit code, log, outputs of the action, and the summary."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first step installs, for all tests: once, as it takes a while."""
    folder = tmp_path_factory.mktemp("installed")
    # Modules that the workspace has must not come in the way of the standard library's.
    workspace = folder / "workspace"
    workspace.mkdir()
    for name in ("venv", "json", "pip"):
        (workspace / f"{name}.py").write_text("raise SystemExit('imported from the workspace')\n")
    env = {**runner(folder), "PYTHONPATH": str(workspace), "PIP_NO_COMPILE": "1"}
    ran = bash(INSTALL, {"inputs.python": "python3"}, workspace, env)
    assert ran.returncode == 0, ran.stdout
    return folder / "gpt41"


def runner(temp: Path) -> dict[str, str]:
    """The environment of a step, less what a test says itself."""
    given = environment(is_measured=False)
    kept = {name: value for name, value in given.items() if not name.startswith(("GITHUB_", "GIT_", "PYTHON"))}
    return {**kept, "RUNNER_TEMP": str(temp), "GITHUB_ACTION_PATH": str(ROOT)}


def bash(step: dict[str, Any], given: dict[str, str], cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A step of shell bash as the runner runs it, what is between `${{ }}` in its `env` put in."""
    script = cwd.parent / f"{len(given)}.sh"
    script.write_text(step["run"])
    resolved = {name: EXPRESSION.sub(lambda found: given[found[1]], value) for name, value in step.get("env", {}).items()}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=cwd,
        env={**env, **resolved},
        timeout=300,
        check=False,
    )


Act = Callable[..., Ran]


def write_python(folder: Path, script: str) -> None:
    """Write a shell script to where the action looks for the Python that it has installed."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_text(f"#!/bin/sh\n{script}")
    (folder / "bin" / "python").chmod(0o755)


def remove_gpt41(tmp_path: Path) -> Path:
    """Remove what takes the place of the installed gpt41, and return where it was."""
    folder = tmp_path / "temp" / "gpt41"
    shutil.rmtree(folder)
    return folder


@pytest.fixture
def use_installed(tmp_path: Path, act: Act, installed: Path) -> None:
    """Let `act` run what the first step installs."""
    remove_gpt41(tmp_path).symlink_to(installed)


@pytest.fixture
def act(tmp_path: Path, warm: list[str], github: tuple[GitHub, str]) -> Act:
    """Run the action in a checkout, for an event, with inputs by name, `_` instead of `-`, and more environment as `env`.

    A warm run takes the place of what the first step installs; `use_installed` puts that back.
    """
    temp = tmp_path / "temp"
    write_python(temp / "gpt41", f'shift 5 # -I -X utf8 -m gpt41_cli\nexec {shlex.join(warm)} "$@"\n')

    def act(checkout: Path, event: dict[str, Any], env: dict[str, str] | None = None, **inputs: str) -> Ran:
        files = {name: temp / name for name in ("GITHUB_EVENT_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        files["GITHUB_EVENT_PATH"].write_text(json.dumps(event))
        files["GITHUB_OUTPUT"].write_text("")
        files["GITHUB_STEP_SUMMARY"].write_text("")
        given = {"github.token": TOKEN}
        for name, declared in ACTION["inputs"].items():
            value = inputs.pop(name.replace("-", "_"), declared["default"])
            given[f"inputs.{name}"] = EXPRESSION.sub(lambda found: given[found[1]], value)
        assert not inputs
        of_github = {
            "GITHUB_API_URL": github[1],
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_RUN_ID": "42",
            "GPT41_PRICING": str(Path(warm[-1]).with_name("pricing.yaml")),
        }
        places = {name: str(path) for name, path in files.items()}
        # A step that failed does not keep the next one from running: it says `if: ${{ !cancelled() }}`.
        steps = [bash(step, given, checkout, {**runner(temp), **of_github, **places, **(env or {})}) for step in (RUN, COMMENT)]
        said = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        outputs = {
            name: EXPRESSION.sub(lambda found: said.get(found[1].removeprefix("steps.run.outputs."), ""), declared["value"])
            for name, declared in ACTION["outputs"].items()
        }
        code, log = max(done.returncode for done in steps), "".join(done.stdout for done in steps)
        return Ran(code, log, outputs, files["GITHUB_STEP_SUMMARY"].read_text())

    return act


def test_no_input_comes_into_the_text_of_a_script() -> None:
    steps = ACTION["runs"]["steps"]
    assert not any("${{" in step["run"] for step in steps)
    used = EXPRESSION.findall(json.dumps([step["env"] for step in steps]))
    assert {*used} == {"github.token", *(f"inputs.{name}" for name in ACTION["inputs"])}
    assert all(step["shell"] == "bash" for step in steps)


def test_only_the_step_that_comments_has_a_token_and_it_runs_nothing_that_is_installed() -> None:
    for step in (INSTALL, RUN):
        assert "token" not in json.dumps(step).lower().replace("that has the token", "")
    assert COMMENT["if"] == "${{ !cancelled() }}"
    assert "RUNNER_TEMP" not in COMMENT["run"]


@pytest.mark.usefixtures("use_installed")
def test_one_comment_is_written_and_kept_up_to_date(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    state, _ = github
    for _ in range(150):
        state.say("Looks good to me.", SOMEBODY)
    state.say(f"{MARKER}\n\n**$0.00 per month**", SOMEBODY)
    pull = pull_request(tmp_path / "origin", LONG)
    ran = act(pull.clone(tmp_path / "first", "--depth=2"), pull.event)
    assert (ran.code, ran.outputs["status"]) == (0, "ok"), ran.log
    # Two workloads, each of 201 input tokens at $0.40 per million and 100 output tokens at $1.60, 10,000 times; one had 101.
    assert (ran.outputs["monthly-usd"], ran.outputs["change-usd"]) == ("4.808", "0.4")
    assert json.loads(Path(ran.outputs["report"]).read_text())["schema"] == "gpt41.check/2"
    *others, comment = state.comments
    assert comment["body"].startswith(MARKER + "\n\n**")
    assert "$0.40" in comment["body"]
    assert "$4.81 per month" in comment["body"]
    assert "$4.81 per month" in ran.summary
    verdict, rest = comment["body"].split("<details><summary>gpt41 check: 1 warning</summary>\n\n**2 workloads: ")
    assert (verdict.count("\n**"), verdict.split("<details>")[0].count("\n| --- "), rest.endswith("\n\n</details>")) == (
        1,
        1,
        True,
    )
    # The prompt that became longer has an annotation, as gpt41.yaml isn't part of the pull request.
    assert "::notice file=triage.md,title=prompt-growth::triage: longer prompts cost $0.40 more per month" in ran.log

    shorter = push(pull, triage__md=SHORT + "word word")
    again = act(shorter.clone(tmp_path / "second"), shorter.event)
    assert again.code == 0, again.log
    assert again.outputs["change-usd"] == "0.004"
    assert state.comments == [*others, comment]
    assert "$4.41 per month" in comment["body"]
    assert state.asked.count(f"PATCH /repos/acme/shop/issues/comments/{comment['id']}") == 1
    assert not (tmp_path / "temp" / "gpt41-comment.json").exists(), "or a use that fails would write it again"


def test_a_personal_token_finds_its_own_comment(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    state, _ = github
    state.me = {"login": "release-robot", "type": "User"}
    state.say(MARKER, ME)
    pull = pull_request(tmp_path / "origin", LONG)
    checkout = pull.clone(tmp_path / "checkout")
    assert act(checkout, pull.event, token=OTHER_TOKEN).code == act(checkout, pull.event, token=OTHER_TOKEN).code == 0
    assert [each["user"]["login"] for each in state.comments] == ["github-actions[bot]", "release-robot"]
    assert [line.split()[0] for line in state.asked] == ["GET", "GET", "POST", "GET", "GET", "PATCH"]


def test_the_comment_of_another_bot_is_not_taken_over(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    state, _ = github
    quoted = state.say(MARKER, {"login": "mirror[bot]", "type": "Bot"})
    pull = pull_request(tmp_path / "origin", LONG)
    checkout = pull.clone(tmp_path / "checkout")
    assert act(checkout, pull.event).code == 0
    assert [each["user"]["login"] for each in state.comments] == ["mirror[bot]", "github-actions[bot]"]
    assert quoted["body"] == MARKER
    assert state.asked == [
        "GET /repos/acme/shop/issues/7/comments?per_page=100&page=1",
        "POST /repos/acme/shop/issues/7/comments",
    ]
    # The token of another app is not told whose it is.
    assert act(checkout, pull.event, token=OTHER_TOKEN).code == 0
    assert quoted["body"] != MARKER


def test_a_run_that_takes_too_long_is_stopped(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    pull = pull_request(tmp_path / "origin", LONG)
    write_python(remove_gpt41(tmp_path), "sleep 300 &\nwait\n")
    hurried = tmp_path / "bin" / "python3"
    hurried.parent.mkdir()
    script = "import subprocess, sys; real = subprocess.Popen.communicate; sys.argv[:] = sys.argv[1:]; "
    script += (
        "subprocess.Popen.communicate = lambda self, input=None, timeout=None: real(self, input, timeout and timeout / 600); "
    )
    script += "exec(compile(open(sys.argv[0]).read(), sys.argv[0], 'exec'))"
    hurried.write_text(f'#!/bin/sh\nshift 3\nexec {sys.executable} -I -c "{script}" "$@"\n')
    hurried.chmod(0o755)
    ran = act(pull.clone(tmp_path / "checkout"), pull.event, python=str(hurried), timeout_minutes="1")
    assert (ran.code, ran.outputs["status"]) == (2, "unusable"), ran.log
    said = "gpt41 was stopped after 1 min; timeout-minutes allows it more"
    assert f"::error title=gpt41::{said}" in ran.log
    assert said in github[0].comments[0]["body"]


def test_two_configs_have_two_comments(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    state, _ = github
    name = "a --> <b>.yaml"
    pull = pull_request(tmp_path / "origin", LONG)
    checkout = pull.clone(tmp_path / "checkout")
    (checkout / name).write_text("version: 1\nworkloads: {a: {input_tokens: 9, model: gpt-4.1-mini, output_tokens: 1}}\n")
    assert act(checkout, pull.event, config="./gpt41.yaml").code == 0
    ran = act(checkout, pull.event, config=name)
    # Without a volume there is no month.
    assert (ran.code, ran.outputs["monthly-usd"], ran.outputs["change-usd"]) == (0, "", "")
    first, second = (each["body"].splitlines()[0] for each in state.comments)
    assert (first, second) == (MARKER, "<!-- gpt41 a%20--%3E%20%3Cb%3E.yaml -->")


def test_a_fork_may_not_comment_and_passes(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    state, _ = github
    state.refusals["POST"] = (403, '{"message": "Resource not accessible by integration"}')
    pull = pull_request(tmp_path / "origin", LONG)
    checkout = pull.clone(tmp_path / "checkout", "--depth=2")
    pull.origin.rename(tmp_path / "moved")  # with its parents, the merge is all that is needed
    ran = act(checkout, pull.event)
    assert (ran.code, ran.outputs["status"]) == (0, "ok"), ran.log
    assert "::notice title=gpt41::no comment: the token may not write one" in ran.log
    assert "$4.81 per month" in ran.summary


def test_trouble_with_the_api_does_not_hide_the_check(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    pull = pull_request(tmp_path / "origin", ENDLESS)
    checkout = pull.clone(tmp_path / "checkout")
    for refusal, said in [
        ((500, "{}"), "GitHub answered with 500"),
        ((200, "<html>"), "JSONDecodeError on asking GitHub"),
        ((200, '{"login": ["a", "b"]}'), "TypeError on asking GitHub"),
    ]:
        github[0].refusals["GET"] = refusal
        ran = act(checkout, pull.event)
        assert (ran.code, ran.outputs["status"]) == (1, "failed")
        assert f"::warning title=gpt41::no comment: {said}\n" in ran.log
        assert "Traceback" not in ran.log


def test_nobody_there_does_not_hide_the_check_either(tmp_path: Path, act: Act) -> None:
    pull = pull_request(tmp_path / "origin", LONG)
    ran = act(pull.clone(tmp_path / "checkout"), pull.event, {"GITHUB_API_URL": "http://127.0.0.1:9"})
    assert ran.code == 0
    assert "::warning title=gpt41::no comment: URLError on asking GitHub" in ran.log


def test_a_broken_budget_fails_after_the_comment_is_written(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    state, _ = github
    pull = pull_request(tmp_path / "origin", ENDLESS)
    checkout = pull.clone(tmp_path / "checkout")
    ran = act(checkout, pull.event)
    assert (ran.code, ran.outputs["status"], ran.outputs["monthly-usd"]) == (1, "failed", "12.008")
    assert state.comments[0]["body"].startswith(f"{MARKER}\n\n**2 workloads: "), "what failed is the verdict"
    assert "budget-monthly" in state.comments[0]["body"].split("<details>")[0]
    assert "<details><summary>gpt41 diff: no problems</summary>" in state.comments[0]["body"]
    assert re.search(r"^::error file=gpt41\.yaml,line=4,", ran.log, re.MULTILINE)
    assert act(checkout, pull.event, fail_on="never").code == 0


def test_what_cannot_be_read_is_said_in_the_comment(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    state, _ = github
    pull = pull_request(tmp_path / "origin", LONG, CONFIG.replace("mini", "mimi"))
    ran = act(pull.clone(tmp_path / "checkout"), pull.event)
    assert (ran.code, ran.outputs["status"]) == (2, "unusable")
    assert (ran.outputs["monthly-usd"], ran.outputs["report"]) == ("", "")
    assert "::error title=gpt41::gpt41: gpt41.yaml:2:19: defaults.model: unknown model" in ran.log
    for shown in (state.comments[0]["body"], ran.summary):
        assert "**gpt41 check could not do its work**\n\n```text\ngpt41: gpt41.yaml:2:19: " in shown
        assert "gpt41 diff" not in shown


def test_a_base_without_a_config_has_only_new_workloads(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    pull = pull_request(tmp_path / "origin", LONG, README__md="Empty.\n")
    ran = act(pull.clone(tmp_path / "checkout"), pull.event)
    assert (ran.code, ran.outputs["change-usd"]) == (0, "4.808"), ran.log
    assert "base-without-config" in github[0].comments[0]["body"]


def test_a_scan_is_a_part_of_the_comment_if_it_is_wanted(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    pull = push(pull_request(tmp_path / "origin", SHORT), bot__py='ask(model="gpt-4.1")\n')
    checkout = pull.clone(tmp_path / "work" / "a", "--depth=2")
    ran = act(checkout, pull.event, scan="true")
    assert "::warning file=bot.py,line=1,col=12,title=model-retires::gpt-4.1 ends in" in ran.log
    assert (ran.code, ran.outputs["status"]) == (0, "ok")
    assert "2 calls in 2 files must change" in github[0].comments[0]["body"]
    assert "must change" in ran.summary
    assert act(checkout, pull.event, scan="true", fail_on="never", retires_within="400000d").code == 0
    assert act(checkout, pull.event, scan="true", retires_within="400000d").code == 1
    assert "bot.py" not in act(checkout, pull.event).log
    refused = act(checkout, pull.event, scan="yes")
    assert (refused.code, "scan: expected true or false, found 'yes'" in refused.log) == (2, True)


def test_outside_of_pull_requests_only_the_check_runs(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    pull = pull_request(tmp_path / "origin", LONG)
    checkout = pull.clone(tmp_path / "checkout")
    ran = act(checkout, {"ref": "refs/heads/main"})
    assert (ran.code, ran.outputs["monthly-usd"], ran.outputs["change-usd"]) == (0, "4.808", "")
    compared = act(checkout, {"ref": "refs/heads/main"}, base=pull.base)
    assert (compared.code, compared.outputs["change-usd"]) == (0, "0.8"), compared.log
    saved = act(checkout, {"ref": "refs/heads/main"}, base=compared.outputs["report"])
    assert (saved.code, saved.outputs["change-usd"]) == (0, "0"), saved.log
    assert github[0].asked == []


@pytest.mark.parametrize("inputs", [{"token": ""}, {"comment": "false"}])
def test_without_a_token_or_a_wish_for_a_comment_nobody_is_asked(
    tmp_path: Path, act: Act, github: tuple[GitHub, str], inputs: dict[str, str]
) -> None:
    pull = pull_request(tmp_path / "origin", LONG)
    ran = act(pull.clone(tmp_path / "checkout"), pull.event, **inputs)
    assert (ran.code, github[0].asked) == (0, [])


def test_inputs_made_to_hurt_are_only_told(tmp_path: Path, act: Act) -> None:
    pull = pull_request(tmp_path / "origin", LONG)
    checkout = pull.clone(tmp_path / "checkout")
    for name, value, said in [
        ("comment", "no", "comment: expected true or false, found 'no'"),
        ("timeout_minutes", "$(touch x)", "timeout-minutes: expected a number of minutes, found '$(touch x)'"),
        ("fail_on", "$(touch x)", "--fail-on: expected one of error, warning, never, found"),
        ("retires_within", "`touch x`", "--retires-within: expected "),
        ("config", "$(touch x)';touch x;\"\n::error::x", "--config: expected a file, found none at "),
        ("base", "main;touch x", "main;touch x"),
        ("base", "--upload-pack=touch x", "--upload-pack=touch x"),
        ("base", "feature:refs/heads/x", "feature:refs/heads/x"),
        ("base", "$(touch x)\n::error::x", "$(touch x)"),
    ]:
        ran = act(checkout, pull.event if name == "base" else {}, **{name: value})
        assert (ran.code, ran.outputs["status"]) == (2, "unusable")
        assert said in ran.log
        assert "\n::error::x" not in ran.log
        assert not any(path.name == "x" for path in tmp_path.rglob("*"))


def test_a_shallow_checkout_fetches_the_base_that_was_merged(tmp_path: Path, act: Act) -> None:
    """Not the older one that the event names."""
    pull = pull_request(tmp_path / "origin", LONG)
    checkout = pull.clone(tmp_path / "checkout", "--depth=1")
    ran = act(checkout, pull.event)
    assert (ran.code, ran.outputs["change-usd"]) == (0, "0.4"), ran.log
    assert git(checkout, "rev-parse", "FETCH_HEAD") == git(pull.origin, "rev-parse", f"{pull.merge}^1") != pull.base


def test_a_file_of_the_pull_request_is_never_the_base(tmp_path: Path, act: Act) -> None:
    pull = pull_request(tmp_path / "origin", ENDLESS, CONFIG.replace("monthly_usd: 5", "growth_percent: 10"))
    checkout = pull.clone(tmp_path / "checkout", "--depth=1")
    report = act(checkout, {"ref": "refs/heads/main"}).outputs["report"]
    for base in ("main", pull.base):
        shutil.copy(report, checkout / base)
        ran = act(checkout, pull.event, base=base)
        assert ran.outputs["status"] in ("failed", "unusable"), ran.log
    assert act(checkout, pull.event, base="./main").outputs["change-usd"] == "0"


def test_what_cannot_be_fetched_cannot_be_compared(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    pull = pull_request(tmp_path / "origin", LONG)
    checkout = pull.clone(tmp_path / "checkout", "--depth=1")
    pull.origin.rename(tmp_path / "moved")
    ran = act(checkout, pull.event)
    assert (ran.code, ran.outputs["status"], ran.outputs["monthly-usd"]) == (2, "unusable", "4.808")
    assert "could not be fetched; with fetch-depth: 2, actions/checkout brings the base of a pull request%0Afatal: " in ran.log
    assert "gpt41 diff could not do its work" in github[0].comments[0]["body"]


@pytest.mark.usefixtures("use_installed")
def test_without_git_the_check_runs(tmp_path: Path, act: Act) -> None:
    pull = pull_request(tmp_path / "origin", LONG)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "bash").symlink_to(shutil.which("bash") or "")
    (tmp_path / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
    ran = act(pull.clone(tmp_path / "checkout"), pull.event, {"PATH": str(tmp_path / "bin")})
    assert (ran.code, ran.outputs["status"], ran.outputs["monthly-usd"]) == (2, "unusable", "4.808"), ran.log
    assert "Traceback" not in ran.log


def test_a_head_is_compared_with_where_it_parted(tmp_path: Path, act: Act) -> None:
    pull = pull_request(tmp_path / "origin", LONG)
    newer = commit_files(pull.origin, triage__md=ENDLESS)
    ran = act(pull.clone(tmp_path / "checkout", at=pull.head), pull._replace(base=newer).event)
    assert (ran.code, ran.outputs["change-usd"]) == (0, "0.4"), ran.log
    assert git(tmp_path / "checkout", "rev-parse", "--is-shallow-repository") == "false"


@pytest.mark.usefixtures("use_installed")
def test_the_workspace_cannot_stand_in_for_what_runs(tmp_path: Path, act: Act) -> None:
    pull = pull_request(tmp_path / "origin", LONG)
    checkout = pull.clone(tmp_path / "checkout")
    for name in ("json", "gpt41_cli", "yaml", "sitecustomize"):
        (checkout / f"{name}.py").write_text("raise SystemExit('imported from the workspace')\n")
    assert act(checkout, pull.event, {"PYTHONPATH": str(checkout)}).code == 0


def test_a_workspace_of_another_user_is_read_all_the_same(tmp_path: Path, act: Act) -> None:
    pull = pull_request(tmp_path / "origin", LONG)
    different = {
        "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "a.b",
        "GIT_CONFIG_VALUE_0": "",
    }
    ran = act(pull.clone(tmp_path / "checkout"), pull.event, different)
    assert (ran.code, ran.outputs["change-usd"]) == (0, "0.4"), ran.log


def test_the_token_is_seen_by_nobody_else(tmp_path: Path, act: Act) -> None:
    pull = pull_request(tmp_path / "origin", LONG)
    spy = tmp_path / "bin" / "git"
    spy.parent.mkdir()
    spy.write_text(
        f"#!/bin/sh\nenv >> '{tmp_path}/seen'\nps -ef >> '{tmp_path}/seen' || true\nPATH=${{PATH#*:}} exec git \"$@\"\n"
    )
    spy.chmod(0o755)
    ran = act(pull.clone(tmp_path / "checkout"), pull.event, {"PATH": f"{spy.parent}:{os.environ['PATH']}"})
    assert ran.code == 0
    assert "GITHUB_API_URL" in (tmp_path / "seen").read_text()
    for text in ((tmp_path / "seen").read_text(), ran.log, ran.summary, str(ran.outputs)):
        assert TOKEN not in text


def test_what_is_too_long_for_a_comment_is_in_the_summary(tmp_path: Path, act: Act, github: tuple[GitHub, str]) -> None:
    state, _ = github
    names = [f"a-workload-with-a-rather-long-name-that-is-number-{number}" for number in range(200)]
    config = "version: 1\ndefaults: {model: gpt-4.1-mini, output_tokens: 1}\nworkloads:\n" + "".join(
        f"  {name}: {{prompt: triage.md, volume: 1 / day, budget: {{monthly_usd: 0.0001}}}}\n" for name in names
    )
    pull = pull_request(tmp_path / "origin", LONG, config, gpt41__yaml=config, triage__md=SHORT)
    ran = act(pull.clone(tmp_path / "checkout"), pull.event)
    assert ran.code == 1
    body = state.comments[0]["body"]
    assert len(body) <= 65_536
    assert body.endswith("[the summary](https://github.example/acme/shop/actions/runs/42).\n")
