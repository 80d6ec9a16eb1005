"""Rules of requests, texts and folders."""

from gpt41_cli.rules.rule import Effect, ErrorRule, GapWarning, Rule

CONTEXT_WINDOW = ErrorRule(
    "context-window",
    "Input and output of a request don't fit into the context window of the model.",
    why="OpenAI rejects a request whose input and answer together don't fit, and you get no answer.",
    remedy="Shorten the input, lower the maximum of the answer, or use a model with a larger window.",
    key=None,
)
MAX_INPUT_TOKENS = ErrorRule(
    "max-input-tokens",
    "The input of a request is larger than the model accepts.",
    why="OpenAI rejects a request whose input is larger.",
    remedy="Shorten the input, or split the work into several requests.",
    key=None,
)
MAX_OUTPUT_TOKENS = ErrorRule(
    "max-output-tokens",
    "A request asks for a longer answer than the model gives.",
    why="OpenAI rejects a request that asks for a longer answer.",
    remedy="Lower max_tokens (or max_completion_tokens, max_output_tokens), or split the work.",
    key="output_tokens",
)
PRIORITY_LONG_CONTEXT = ErrorRule(
    "priority-long-context",
    "A request with a long context asks for priority, which doesn't accept it.",
    why="OpenAI doesn't support long contexts in priority, so such a request has no price there.",
    remedy="Shorten the input, or use standard for these requests.",
    key=None,
)
MAX_TOKENS = ErrorRule(
    "max-tokens",
    "An input has more tokens than --max-tokens allows.",
    why="You set this limit with --max-tokens: a longer prompt costs more than you planned.",
    remedy="Shorten the input that is listed, or raise the limit.",
)
TOOL_WINDOW = ErrorRule(
    "tool-window",
    "The input doesn't fit into the window of a tool.",
    why="A tool that gets more than its window cuts it off, so answers may miss what you sent.",
    remedy="Shorten the input, or use a model that has the tool without this limit.",
    key="require.needs",
)
INVALID_REQUEST = GapWarning(
    "invalid-request",
    "A line isn't a request that can be counted.",
    why='It isn\'t counted or priced, so the answer is only "at least".',
    remedy="Correct the line that is listed, or leave it out with --skip-invalid.",
)
NOT_TEXT = GapWarning(
    "not-text",
    "A file isn't text.",
    why='It isn\'t counted, so the answer is only "at least".',
    remedy="Convert the file to UTF-8, or leave it out of the inputs.",
)
SOURCE_CODE = Rule(
    "source-code",
    "The input is source code, not the prompts that the program sends.",
    why="Source code doesn't show what its calls cost.",
    remedy="Find the calls with gpt41 scan, and price recorded requests. If the code is the prompt, use --as text.",
)
LEFT_OUT = Rule(
    "left-out",
    "Some files of a folder aren't counted.",
    why="Ignored files, binary files and links aren't counted, and you should know which they are.",
    remedy="Nothing, if you don't send these files. To count one anyway, give its own path.",
)
UNREADABLE = ErrorRule(
    "unreadable",
    "A file or folder in a folder can't be read.",
    why='It isn\'t counted, so the answer is only "at least".',
    remedy="Correct the permissions, or leave the folder out of the inputs.",
    effect=Effect.AT_LEAST,
)
UNCOUNTED_TOKENS = GapWarning(
    "uncounted-tokens",
    "Some tokens of the requests can't be counted.",
    why="Nobody outside OpenAI can count them, so the real count and price are higher.",
    remedy="Run gpt41 count to see which parts these are, and compare with the usage that the API reports.",
)
OUTPUT_MISSING = GapWarning(
    "output-missing",
    "The length of the answers isn't given.",
    why="Without it the answers cost nothing here, so the real price is higher.",
    remedy="Give --output-tokens, or output_tokens in gpt41.yaml.",
)
