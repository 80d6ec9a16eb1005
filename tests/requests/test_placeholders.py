"""Templates: placeholders are found, named, and take away that a count is exact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpt41_cli.requests.placeholders import describe_placeholders, find_placeholders
from gpt41_cli.requests.readers import read_json_request
from tests.builders import chat, responses
from tests.conftest import Run


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Dear {{name}}, {{ user.first_name | upper }}", ["{{name}}", "{{ user.first_name | upper }}"]),
        ("{{#each items}}{{this}}{{/each}}{{this}}", ["{{#each items}}", "{{this}}", "{{/each}}"]),
        ("{% if vip %}Sir{%- else -%}You{% endif %}", ["{% if vip %}", "{%- else -%}", "{% endif %}"]),
        ("Hello ${name}", ["${name}"]),
        ("Hello {{ .User.Name }}, {{.Day}} {{ ... }}", ["{{ .User.Name }}", "{{.Day}}"]),
        ("${{ github.token }} {{}} {{ 1 + 1 }} {%d} $name ${ } {a} {{{", []),
        ("plain", []),
    ],
)
def test_placeholders_are_found(text: str, found: list[str]) -> None:
    assert find_placeholders(text) == found


def test_many_placeholders_are_summed_up() -> None:
    assert describe_placeholders([f"{{{{a{n}}}}}" for n in range(7)]) == (
        "a template with {{a0}}, {{a1}}, {{a2}}, {{a3}}, {{a4}} and 2 more: it counts as written, not as filled in"
    )


def test_a_request_with_placeholders_is_doubted_and_results_of_tools_are_not() -> None:
    asked = {"role": "user", "content": "{{x}}"}
    result = {"role": "tool", "content": "{{x}}", "tool_call_id": "a"}
    for body, path in ((chat(asked), "messages"), (responses("{{x}}"), "input")):
        (doubt,) = read_json_request(body).request.doubts
        assert (doubt.rule.id, doubt.path, "{{x}}" in doubt.message) == ("template", path, True)
    assert [doubt.rule.id for doubt in read_json_request(chat(result)).request.doubts] == ["result-without-call"]


def test_count_names_the_placeholders_of_requests_and_of_prompt_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(chat({"role": "user", "content": "Hello {{name}}"})))
    done = run("count", "a.json", "--each", "--format", "jsonl")
    assert json.loads(done.out)["exact"] is False
    (tmp_path / "mail.prompty").write_text("---\nname: mail\n---\nsystem:\nYou sort {{mail}}.\n")
    done = run("count", "mail.prompty")
    assert (done.code, "a template with {{mail}}: it counts as written" in done.out) == (0, True)
    (tmp_path / "a.js").write_text("const a = `${b}`\n")
    assert "template" not in run("count", "a.js").out
    (tmp_path / "d").mkdir()
    for number in range(21):
        (tmp_path / "d" / f"{number}.md").write_text("{{x}}")
    assert "1 more templates like these" in run("count", "d").out


def test_every_command_says_that_it_reads_a_template(run: Run, tmp_path: Path) -> None:
    """Or a picture that moves, which is counted as a still one."""
    body = {"model": "gpt-4.1-mini", "max_tokens": 5, "messages": [{"role": "user", "content": "Sort {{ticket}}"}]}
    (tmp_path / "a.json").write_text(json.dumps(body))
    (tmp_path / "a.txt").write_text("Sort {{ticket}}")
    frame = b"\x2c" + bytes(4) + b"\1\0\1\0\0\2\2\x44\1\0"
    (tmp_path / "a.gif").write_bytes(b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + 2 * frame + b";")
    (tmp_path / "gpt41.yaml").write_text(
        "version: 1\ndefaults: {model: gpt-4.1-mini, output_tokens: 5}\nworkloads:\n"
        "  a: {requests: [a.json, a.txt]}\n  b: {prompt: [a.txt, a.gif]}\n"
    )
    written = "a template with {{ticket}}: it counts as written, not as filled in"
    still = "this picture is animated, which the API rejects: it is counted as a still one"
    for command in ("cost", "recommend", "plan", "migrate"):
        for name, found in (
            ("a.json", f"a.json:1: messages: {written}"),
            ("a.txt", f"a.txt: {written}"),
            ("a.gif", f"a.gif: {still}"),
        ):
            told = json.loads(run(command, name, "--output-tokens", "5", "--format", "json").out)["findings"]
            assert [each["message"] for each in told if each["rule"] in ("template", "image-animated")] == [found]
    told = json.loads(run("check", "--format", "json").out)["findings"]
    assert [each["message"] for each in told if each["rule"] in ("template", "image-animated")] == [
        f"a: a.json:1: messages: {written}",
        f"a: a.txt: {written}",
        f"b: a.txt: {written}",
        f"b: a.gif: {still}",
    ]
