"""A repository of 40 calls and as many traps. A line that begins with `>>` calls a model or uses a feature that ends."""

from __future__ import annotations

import json
from pathlib import Path

FILES = {
    "gpt41.yaml": """
        version: 1
    >>  models: {prod-eu: gpt-4.1-mini}
        workloads: {triage: {input_tokens: 900}}
    """,
    "src/bot.py": '''
        """Answer mails. The default model is "gpt-4.1"."""
        import os

    >>  MODEL = os.getenv("OPENAI_MODEL", "gpt-4.1")
        PRICES = {"gpt-4.1": (2, 8), "gpt-4.1-mini": (0.4, 1.6)}
        NEXT = "gpt-6-luna"

        def answer(client, text):
            """Ask the model.

            Example: client.responses.create(model="gpt-4.1-mini")
            """
            # model="gpt-4.1-nano" was too small
            return client.chat.completions.create(
    >>          model="gpt-4.1-mini",
                messages=[{"role": "user", "content": text}],
                temperature=0,
            )

        def classify(client, text):
    >>      return client.responses.create(model="ft:gpt-4.1-mini-2025-04-14:acme:triage:Bx1", input=text)

        def route(client, text):
    >>      return client.responses.create(model="prod-eu", input=text)

        def greet(client):
    >>      return client.responses.create(prompt={"id": "pmpt_68a1"})

        def is_large(model):
    >>      return model in ("gpt-4.1", "o3")
    ''',
    "src/threads.py": """
    >>  thread = client.beta.threads.create()
        rows = client.threads.list()
    """,
    "src/names.py": """
        BOT = "gpt-4.1-rag-bot"
        VOICE = "gpt-4o-realtime-preview"
        LATEST = "chatgpt-4o-latest"
        NEWER = "gpt-4.10"
        ANSWERS = open("data/gpt-4.1/answers.txt")
        DOCS = "https://platform.openai.com/docs/models/gpt-4.1"
        ERROR = "Write to us if gpt-4.1 does not answer"
        PATTERN = "^gpt-4.1$"
        SAMPLE = '''
        from openai import OpenAI
        ask(model="gpt-4.1")
        '''
    """,
    "src/gateway.py": """
        import litellm

    >>  litellm.completion(model="openai/gpt-4.1", messages=[])
    >>  litellm.completion(model="azure/eu/gpt-4.1-nano", messages=[])
    >>  litellm.completion(model="openrouter/openai/gpt-4o-mini", messages=[])
    """,
    "web/chat.ts": """
        // model: "gpt-4.1"
        /*
          model: "gpt-4.1"
        */
    >>  export const model: string = "gpt-4.1-mini-2025-04-14";
    >>  const result = await generateText({ model: openai("gpt-4o"), temperature: 0 });
        const label = "GPT-4.1 mini";
        const curl = `curl https://api.openai.com/v1/responses -d '{
          "model": "gpt-4.1"
        }'`;
    """,
    "web/Picker.tsx": """
        <select>
    >>    <option value="gpt-4.1">GPT-4.1</option>
    >>    <option value="gpt-4.1-mini">GPT-4.1 mini</option>
          <option value="gpt-6-luna">Luna</option>
        </select>
        <input placeholder="gpt-4.1" />
    """,
    "web/call.mjs": """
    >>  fetch("https://x.openai.azure.com/openai/deployments/gpt-4.1/chat/completions");
    """,
    "web/de.json": '{"title": "Frag GPT-4.1", "hint": "Wir nutzen gpt-4.1 und gpt-4o."}\n',
    "web/models.ts": """
        export const models = [
          { id: "gpt-4.1", contextWindow: 1_047_576, cost: { input: 2 } },
          { id: "gpt-4o", contextWindow: 128_000, cost: { input: 2.5 } },
        ];
    """,
    "web/app.min.js": 'ask({model:"gpt-4.1"})\n',
    "server/main.go": """
        package main

        // Model is gpt-4.1 by default.
    >>  var model = openai.ChatModelGPT4_1
    >>  var body = `{"model": "gpt-4.1-nano", "input": "Hi"}`
    """,
    "server/models_test.go": """
        var answer = `{"id":"chatcmpl-1","object":"chat.completion","created":9,"model":"gpt-4.1"}`
        var list = Models{"data": []Entry{{"id": "gpt-4.1"}}}
    """,
    "server/Bot.java": """
        class Bot {
            /** Asks gpt-4.1. */
            Answer ask() {
    >>          return client.chat(Params.builder().model(ChatModel.GPT_4_1_MINI).build());
            }
        }
    """,
    "server/Bot.kt": """
    >>  val request = ChatCompletionRequest(model = ModelId("gpt-4.1"))
    """,
    "server/Bot.cs": """
    >>  var client = new ChatClient("gpt-4o-mini", key);
        /// <summary>Uses gpt-4.1.</summary>
    """,
    "server/bot.rb": """
        # model: "gpt-4.1"
    >>  client.chat(parameters: { model: "gpt-4.1-nano" })
    """,
    "server/bot.php": """
        <?php
    >>  $client->responses()->create(['model' => 'gpt-4.1']);
    """,
    "server/bot.rs": """
    >>  let request = CreateRequest::default().model("gpt-4.1-mini");
        println!("Model: gpt-4.1");
    """,
    "app/Bot.swift": """
    >>  let query = ChatQuery(messages: [], model: "gpt-4o")
    """,
    "app/bot.ex": '''
        @doc """
            ask(model: "gpt-4.1")
        """
    >>  def ask, do: Client.create(model: "gpt-4.1")
    ''',
    "bin/ask.sh": """
        #!/bin/sh
        # usage: ask.sh [gpt-4.1]
    >>  MODEL="${MODEL:-gpt-4.1-mini}"
    >>  llm -m gpt-4.1 < "$1"
    """,
    "deploy/app.yaml": """
        # model: gpt-4.1
    >>  model: gpt-4.1-mini
        description: Answers with gpt-4.1 and gpt-4o
        fallbacks:
    >>    - openai/gpt-4o-2024-08-06
    """,
    "deploy/prices.yaml": """
        gpt-4.1:
          input_price: 2
        gpt-4o:
          input_price: 2.5
    """,
    "deploy/settings.toml": """
    >>  model = "gpt-4.1"
    """,
    "deploy/settings.json": """
        {
    >>    "model": "gpt-4.1-nano",
          "comment": "Was gpt-4.1, then gpt-4o"
        }
    """,
    "deploy/.env": """
        #OPENAI_MODEL=gpt-4.1
    >>  OPENAI_MODEL=gpt-4.1-mini
    """,
    "deploy/Dockerfile": """
    >>  ENV OPENAI_MODEL=gpt-4.1
    """,
    "deploy/main.tf": """
        # gpt-4.1
    >>  model_name = "gpt-4.1"
    """,
    "deploy/compose.yaml": """
        services:
          bot:
            image: ghcr.io/acme/gpt-4.1-bot:latest
            environment:
    >>        - OPENAI_MODEL=gpt-4.1-mini
    """,
    "deploy/main.bicep": """
        @description('The chat model, such as gpt-4.1')
    >>  param chatModelName string = 'gpt-4o-mini'
    """,
    "deploy/app.properties": """
    >>  openai.model=gpt-4.1
    """,
    ".github/workflows/ci.yml": """
        jobs:
          ask:
            steps:
    >>        - run: python src/bot.py --model gpt-4.1-nano
    """,
    "README.md": """
        # The bot

        It asks GPT-4.1, by default `gpt-4.1-mini`:

            ask(model="gpt-4.1")
    """,
    "CHANGELOG.md": "- Use gpt-4.1 instead of gpt-4o.\n",
    "uv.lock": 'name = "gpt-4.1"\n',
    "package-lock.json": '{"name": "gpt-4.1"}\n',
    "data/answers.jsonl": '{"model": "gpt-4.1", "output": "Hi"}\n',
    "data/results.json": '{"model": "gpt-4.1", "score": 0.9}\n',
    "data/usage.csv": "model,tokens\ngpt-4.1,12\n",
    "tests/cassettes/bot.yaml": 'interactions:\n- request:\n    body: \'{"model": "gpt-4.1"}\'\n',
}

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["We ask model='gpt-4.1'."]},
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [{"output_type": "stream", "text": ["model='gpt-4.1'"]}],
            "source": ['ask(model="gpt-4.1")\n', '# ask(model="gpt-4o")\n'],
        },
    ]
}


def write_repository(folder: Path) -> set[tuple[str, int]]:
    """Write the files, and return the path and line of each call."""
    calls = set()
    for name, text in FILES.items():
        lines = text.strip("\n").split("\n") if text.startswith("\n") else text.split("\n")
        calls |= {(name, number) for number, line in enumerate(lines, 1) if line.startswith("    >>")}
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(line[8:] if line.startswith(("    >>", " " * 8)) else line.lstrip(" ") for line in lines))
    notebook = json.dumps(NOTEBOOK, indent=1)
    (folder / "notes.ipynb").write_text(notebook)
    (folder / "logo.png").write_bytes(b"\x89PNG\0" + b'model="gpt-4.1"')
    calls.add(("notes.ipynb", next(number for number, line in enumerate(notebook.split("\n"), 1) if '"ask(' in line)))
    return calls
