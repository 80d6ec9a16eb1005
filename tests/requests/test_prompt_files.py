"""Files that keep a prompt with its settings: what is read of each, and what stays a text."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli.files.fields import BadBody
from gpt41_cli.requests.inputs import RequestInput, TextInput
from gpt41_cli.requests.prompt_files import read_prompt_file
from gpt41_cli.requests.recognise import recognise_input
from tests.conftest import Run

HEADER = "---\nname: Sort\nmodel: {api: chat, parameters: {max_tokens: 50}}\n---\n"
PROMPTY = HEADER + "system:\nBe brief.\n\nuser:\n{{question}}\n"
GITHUB = (
    "name: Sum\nmodel: openai/gpt-4.1\nmodelParameters: {maxCompletionTokens: 20}\nmessages:\n- {role: user, content: Hello}\n"
)
KERNEL = "name: Story\ntemplate: |\n  Tell of {{$topic}}.\ntemplate_format: semantic-kernel\n"
PROMPTFOO = 'prompts: ["Sort {{ticket}}", {raw: Hello}]\nproviders: [openai:gpt-4.1]\n'
BODY = '{"messages": [{"role": "user", "content": "Hello"}]}'
ESCAPED = BODY.replace('"', '\\"')


def user(content: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


@pytest.mark.parametrize(
    ("name", "text", "prompt"),
    [
        (
            "a.prompty",
            PROMPTY,
            [
                {
                    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{question}}"}],
                    "max_completion_tokens": 50,
                }
            ],
        ),
        ("a.prompty", "---\nname: a\n---\nuser[name=x]:\nHi\n", [user("Hi")]),
        ("a.prompty", HEADER + "Be brief.\n", "Be brief."),
        ("a.prompty", "---\n: [\n---\nuser:\nHi", [user("Hi")]),
        ("a.prompty", f"\n\n{HEADER}# user:\nHi\n", [{**user("Hi"), "max_completion_tokens": 50}]),
        ("a.prompty", "no front matter", None),
        ("a.prompt", "---\ninput: {}\n---\nA menu for {{theme}}.\n", "A menu for {{theme}}."),
        ("a.prompt", "---\nmodel: openai/gpt-4.1\n---\nHi\n", [{"model": "openai/gpt-4.1", **user("Hi")}]),
        ("a.prompt.md", "---\nmodel: GPT-4.1 (copilot)\n---\nHi\n", "Hi"),
        (
            "a.prompty",
            "---\nmodel: {configuration: {azure_deployment: gpt-4.1}}\n---\nuser:\nHi\n",
            [{"model": "gpt-4.1", **user("Hi")}],
        ),
        ("a.prompty", '---\nmodel: {configuration: {name: "${env:M}"}}\n---\nuser:\nHi\n', [user("Hi")]),
        (
            "a.prompty",
            "---\nmodel: {id: gpt-4.1, configuration: {name: x}}\n---\nuser:\nHi\n",
            [{"model": "gpt-4.1", **user("Hi")}],
        ),
        (
            "a.yaml",
            f"---\n{GITHUB}---\nname: none\n---\nmessages: [{{role: user, content: Bye}}]\n",
            [{"model": "openai/gpt-4.1", **user("Hello"), "max_completion_tokens": 20}, user("Bye")],
        ),
        ("a.yaml", "a: b\n---\nmessages:\n- c\n", None),
        (
            "a.prompt",
            '---\ninput: x\n---\n{{role "system"}}\nBe kind.\n{{role \'user\'}}\nHi\n{{role "model"}}Yes',
            [
                {
                    "messages": [
                        {"role": "system", "content": "Be kind."},
                        {"role": "user", "content": "Hi"},
                        {"role": "assistant", "content": "Yes"},
                    ]
                }
            ],
        ),
        ("Review.Prompt.md", "---\ndescription: long\ntools: [a]\n---\nReview it.\n", "Review it."),
        ("a.prompt", "Be brief.\n", None),
        ("README.md", "---\ntitle: x\n---\nHello\n", None),
        ("a.prompt.yml", GITHUB, [{"model": "openai/gpt-4.1", **user("Hello"), "max_completion_tokens": 20}]),
        ("a.yaml", "messages: [{role: user, content: Hello}]\nmodelParameters: {maxTokens: many}\n", [user("Hello")]),
        ("a.yaml", "messages: [Hello]\n", None),
        ("a.yaml", "messages: []\nname: x\ntemplate: x\n", None),
        ("agents/a.md", "---\nname: a\nmodel: gpt-4.1\n---\nFind {{x}}.\n", "Find {{x}}."),
        ("a.md", "---\ntitle: a\n---\nA page.\n", None),
        ("a.md", "model: x\n---\nA page.\n", None),
        ("a.yaml", KERNEL, "Tell of {{$topic}}.\n"),
        ("a.yaml", "template: a.html\nname: page\n", None),
        ("promptfooconfig.yaml", PROMPTFOO, [user("Sort {{ticket}}"), user("Hello")]),
        ("a.yaml", "prompts: Hello\ntests: []\n", [user("Hello")]),
        ("a.yaml", "prompts: [Hello]\n", None),
        ("a.yaml", "prompts: {{x}}\ntests: []\n", None),
        ("a.yaml", "- prompts:\n", None),
        ("a.yaml", "services: {web: {}}\n", None),
        ("a.yaml", "x: |\n  a\nprompts:\n- &a b\n- *a\ntests: []\n", None),
    ],
)
def test_what_a_file_holds(name: str, text: str, prompt: object) -> None:
    assert read_prompt_file(text, name) == prompt


def test_a_list_of_no_mapping_is_a_text() -> None:
    assert read_prompt_file("# x\n- a\n- |\n\nmessages:\n", "a.yaml") is None


def test_prompts_in_other_files_are_named() -> None:
    with pytest.raises(BadBody, match="found a promptfoo configuration whose prompts are other files; name these"):
        read_prompt_file("prompts: file://x.txt\nproviders: [a]\n", "promptfooconfig.yaml")
    for other in ("file://x.txt", "prompts/x.j2", "{id: file://x.txt}"):
        with pytest.raises(
            BadBody, match="found a promptfoo configuration with 1 of 2 prompts in it; name the files of the others"
        ):
            read_prompt_file(f"prompts: [Hello, {other}]\nproviders: [a]\n", "promptfooconfig.yaml")


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.prompty", PROMPTY, RequestInput),
        ("a.yaml", KERNEL, TextInput),
        ("a.yaml", "a: b\n", TextInput),
        ("a.txt", PROMPTY, TextInput),
        ("a.yaml", "messages: []\n", TextInput),
    ],
)
def test_a_file_is_recognised_by_its_name(name: str, text: str, kind: type) -> None:
    found = recognise_input(io.BytesIO(text.encode()), name)
    assert isinstance(found, kind)
    if isinstance(found, TextInput) and text == KERNEL:
        assert ("".join(found.pieces), list(found.placeholders)) == ("Tell of {{$topic}}.\n", ["{{$topic}}"])


def test_several_templates_are_not_a_single_prompt() -> None:
    with pytest.raises(BadBody, match="a.yaml: expected one prompt, found 2 YAML documents with templates; make a file of each"):
        read_prompt_file(f"{KERNEL}---\n{KERNEL}", "a.yaml")


@pytest.mark.parametrize(
    ("name", "text", "first"),
    [
        ("a.yml", f"{GITHUB}---\n{GITHUB}", "16 tokens in 2 requests"),
        ("b.yml", f"{GITHUB}---\n{GITHUB}".replace("\n", "\r\n"), "16 tokens in 2 requests"),
        ("b.prompty", PROMPTY.replace("\n", "\r\n"), "17 tokens in 1 request"),
        ("a.toml", '[[messages]]\nrole = "user"\ncontent = "Hello"\n', "8 tokens in 1 request"),
        ("a.toml", 'title = "messages of a role"\n', "8 tokens in 1 text"),
        ("a.toml", 'top = nan\nlow = -inf\n[[messages]]\nrole = "user"\ncontent = "Hello"\n', "about 8 tokens in 1 request"),
        ("a.toml", 'temperature = 0.5\n[[messages]]\nrole = "user"\ncontent = "Hello"\n', "8 tokens in 1 request"),
        ("a.toml", 'title = "A greeting"\n', "6 tokens in 1 text"),
        ("a.toml", 'messages = "role\n', "5 tokens in 1 text"),
        ("a.http", f"### One\nPOST https://a/b\nX: {{{{token}}}}\n\n{BODY}\n\n### Two\n{BODY}\n", "16 tokens in 2 requests"),
        ("a.http", 'POST https://a/b\n\n{"a": "b"}\n', "12 tokens in 1 text"),
        ("b.http", "POST https://a/b\n\n{a}\n", "9 tokens in 1 text"),
        ("a.bru", f"meta {{\n  name: a\n}}\nbody:json {{\n  {BODY}\n}}\n", "8 tokens in 1 request"),
        ("a.txt", f"curl https://a/b -d '{BODY}'\n", "8 tokens in 1 request"),
        ("a", f'$ curl -d "{ESCAPED}" https://a/b\n', "8 tokens in 1 request"),
        ("b.txt", "Ask {name} for \\frac{one}{two}, {{x}} and {x}.", "19 tokens in 1 text"),
    ],
)
def test_the_requests_in_files_of_other_tools_are_counted(run: Run, tmp_path: Path, name: str, text: str, first: str) -> None:
    (tmp_path / name).write_text(text)
    done = run("count", name)
    assert (done.code, done.out.partition("\n")[0]) == (0, first)
    assert ("a template with {{x}}, {name}: it counts as written" in done.out) == (name == "b.txt")


def test_a_body_that_a_client_fills_in_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.http").write_text(f'POST https://a/b\n\n{BODY}\n\n{{"model": {{{{model}}}}, "input": "Hi"}}\n')
    complaint = (
        "expected the body of a request in JSON, found one that a client or a shell has to fill in; save the body as it is sent"
    )
    assert run("count", "a.http").err == f"gpt41: a.http:5: {complaint}\n"


@pytest.mark.parametrize(("objects", "code"), [(1_000, 0), (1_001, 2)])
def test_a_file_with_many_objects_that_are_not_json_is_refused(run: Run, tmp_path: Path, objects: int, code: int) -> None:
    """Looking at all of them took a minute for half a megabyte."""
    (tmp_path / "a.http").write_text("'{\"a\n" * objects)
    done = run("count", "a.http")
    assert (done.code, done.err.startswith("gpt41: a.http:1001: expected the body of a request in JSON")) == (code, code == 2)


def test_a_body_of_another_endpoint_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.http").write_text(f'POST https://a/b\n\n{{"model": "a", "prompt": "Hi"}}\n\n###\n{BODY}\n')
    assert "a.http[0]: " in run("count", "a.http").err
    assert run("count", "a.http", "--skip-invalid").out.startswith("at least 8 tokens in 1 request")


def test_a_prompt_file_beyond_a_megabyte_is_a_text(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.prompty").write_text(PROMPTY + "word " * 300_000)
    assert run("count", "a.prompty").out.partition("\n")[0].endswith("in 1 text")


def test_the_model_of_a_prompt_file_prices_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.prompt").write_text("---\nmodel: openai/gpt-4.1\n---\nHello\n")
    assert run("cost", "a.prompt", "--output-tokens", "5").out.startswith("gpt-4.1: $0.000056 for 1 request")


def test_the_messages_are_counted_and_not_the_front_matter(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.prompty").write_text(PROMPTY)
    done = run("count", "a.prompty")
    assert (done.code, done.out.partition("\n")[0]) == (0, "17 tokens in 1 request")
    assert "a template with {{question}}" in done.out
    assert run("count", "a.prompty", "--as", "text", "-q").out != "17\n"


def test_source_code_is_not_a_prompt_of_a_choice_or_a_move(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print()\n")
    (tmp_path / "b.ts").write_text("x\n")
    for command in ("recommend", "migrate"):
        done = run(command, "a.py", "b.ts", "--output-tokens", "5")
        assert (done.code, done.err) == (
            2,
            (
                "gpt41: expected requests or a prompt, found source code (a.py and 1 more); gpt41 scan finds the calls in code; "
                "--as text counts it as a prompt\n"
            ),
        )
        assert run(command, "a.py", "--output-tokens", "5", "--as", "text").code == 0
    notice = "a.py: source code, counted as a prompt; gpt41 scan finds the calls in it"
    assert notice in " ".join(run("cost", "a.py", "--output-tokens", "5").out.split())
    assert notice not in " ".join(run("cost", "a.py", "--output-tokens", "5", "--as", "text").out.split())
