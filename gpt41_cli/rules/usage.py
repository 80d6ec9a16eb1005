"""Rules of logs, of the usage in them, and of predictions."""

from gpt41_cli.rules.rule import Effect, ErrorRule, GapWarning, InexactWarning, Rule, WarningRule

USAGE_MISSING = GapWarning(
    "usage-missing",
    "A record of a log doesn't report the tokens that were billed.",
    why='Nothing can be priced without it, so the bill is only "at least".',
    remedy="Log the usage of the answer. For streams, set stream_options.include_usage.",
)
ANSWER_FAILED = Rule(
    "answer-failed",
    "A request wasn't answered.",
    why="A request without an answer costs nothing.",
    remedy="Nothing, unless there are many: look at the errors in the log.",
)
ANSWER_TWICE = Rule(
    "answer-twice",
    "An answer is in the logs more than once.",
    why="It is billed once, so it counts once.",
    remedy="Nothing. If it should count twice, give the answers different ids.",
)
NOT_A_CALL = WarningRule(
    "not-a-call",
    "A run in a log calls a model, but isn't such a call itself.",
    why="A chain or a tool run repeats the tokens of its calls: counting both would count twice.",
    remedy="Nothing. Export the runs that call models too, if they are missing.",
)
NESTED_CALL = Rule(
    "nested-call",
    "The tokens of a call are in a trace more than once.",
    why="A framework and the provider's SDK below it both report the same call: counting both would count twice.",
    remedy="Nothing. The innermost calls count.",
)
CACHE_HIT = Rule(
    "cache-hit",
    "An answer came from your own cache, not from the API.",
    why="Nobody bills such an answer, so it costs nothing here.",
)
FILE_TWICE = WarningRule(
    "file-twice",
    "A file of logs is given more than once.",
    why="Its answers would count twice, so it counts once.",
    remedy="Delete the copy, or give only one of the files.",
)
SUM_BESIDE_ANSWERS = InexactWarning(
    "sum-beside-answers",
    "The answers of a day are in the logs both one by one and as a sum.",
    why="If the sum has the same answers, they count twice.",
    remedy="Give either the single answers or the sums of that day.",
)
SUM_BESIDE_SUMS = InexactWarning(
    "sum-beside-sums",
    "The sums of a model and day are in several files.",
    why="If the files overlap, answers count twice.",
    remedy="Give files whose days don't overlap.",
)
TOTAL_ROW = Rule(
    "total-row",
    "A row of a CSV is the total of other rows.",
    why="A total would count everything twice, so it isn't priced.",
)
TOTAL_UNCLEAR = WarningRule(
    "total-unclear",
    "A row of a CSV may be the total of the rows before it, or an answer of its own.",
    why="It is taken as a total and isn't priced. If it is an answer, the bill is too low.",
    remedy="Remove the row, or give it a model and a day.",
)
MODE_UNCLEAR = InexactWarning(
    "mode-unclear",
    "The same answer is in the logs in two modes.",
    why="The same answer costs half as much in batch as in standard.",
    remedy="Check which of the two logs is right, and give only that one.",
)
MODEL_MISSING = GapWarning(
    "model-missing",
    "An answer doesn't name the model that gave it.",
    why='Without a model there is no price, so the bill is only "at least".',
    remedy="Give --model MODEL, or --model NAME=MODEL for a deployment.",
)
BATCH_TWICE = Rule(
    "batch-twice",
    "A batch is in the logs both line by line and as a whole.",
    why="Its lines and its sum are the same tokens, so they count once.",
)
BATCH_UNCLEAR = InexactWarning(
    "batch-unclear",
    "It isn't clear whether the lines of a batch are in its sum.",
    why="If they are the same batch, its tokens count twice.",
    remedy="Give either the lines of the batch or the batch object.",
)
ANSWER_UNCLEAR = InexactWarning(
    "answer-unclear",
    "The tokens, the day and the model of an answer don't fit together.",
    why="Figures that contradict each other can't all be right, so the bill may be off.",
    remedy="Look at the place that is listed, and correct what writes the log.",
)
TOOL_PRICE = GapWarning(
    "tool-price",
    "The price of a built-in tool of an answer isn't known.",
    why='Calls to such tools cost extra, so the bill is only "at least".',
    remedy="Add the tool to a price table of your own (--pricing), or compare with the bill.",
)
SEARCH_TOKENS = InexactWarning(
    "search-tokens",
    "It isn't known whether the usage includes the tokens that a web search finds.",
    why="If they aren't in the usage, the bill is higher.",
    remedy="Compare with the bill of a day that has such searches.",
)
WRITE_PRICE = InexactWarning(
    "write-price",
    "The price of writing to the prompt cache isn't known.",
    why="They are priced as input, and may cost more.",
    remedy="Add the price to a table of your own (--pricing).",
)
SUM_OF_LONG = InexactWarning(
    "sum-of-long",
    "It isn't known whether requests in a sum were so long that they cost more.",
    why="Long requests of some models cost more per token, and a sum doesn't say how long each was.",
    remedy="Log single answers, or use a shorter bucket width in the usage API.",
)
ANSWER_UNDATED = GapWarning(
    "answer-undated",
    "A period is given, but an answer doesn't say its day.",
    why='An answer without a known day may be in the period, so the bill is only "at least".',
    remedy="Log the time of each answer, or leave out --since and --until.",
)
GROUPS_FOLDED = WarningRule(
    "groups-folded",
    "The answers fall into more than 10,000 groups, so some are added up as one.",
    why="To limit memory, the groups after the first 10,000 are added up as one.",
    remedy="Group by a field with fewer values, or give a shorter period with --since and --until.",
)
FOCUS_DAY = ErrorRule(
    "focus-day",
    "A charge in FOCUS has no day.",
    why="FOCUS asks for the period of every charge, so answers whose day isn't known can't be in it.",
    remedy="Log the time of each answer, or name the column that has it with --columns day=COLUMN.",
)
INVOICE_DRIFT = ErrorRule(
    "invoice-drift",
    "What was charged differs from what the usage should cost by more than you tolerate.",
    why="A larger difference has a cause: another rate, other tokens, or something that the usage doesn't show.",
    remedy="Look at the causes that are listed, and correct the logs, the price table or the bill.",
)
INVOICE_VOLUME = WarningRule(
    "invoice-volume",
    "A workload that is compared with an invoice doesn't say how many requests it sends.",
    why="Without a volume, it isn't known what the workload costs per month, so the expected sum is too low.",
    remedy="Add volume: 120000 / month to the workload in gpt41.yaml.",
)
INVOICE_CURRENCY = ErrorRule(
    "invoice-currency",
    "Some costs aren't in US dollars.",
    why="Prices are in US dollars, and no exchange rate is known, so other lines can't be compared.",
    remedy="Export the costs in US dollars. Azure's exports have a column costInUsd.",
)
INVOICE_PAGES = ErrorRule(
    "invoice-pages",
    "Some pages of the costs are missing.",
    why="Their amounts are missing from what was charged.",
    remedy="Fetch the page that next_page names, until has_more is false, and give all of them.",
)
INVOICE_ORGANIZATIONS = WarningRule(
    "invoice-organizations",
    "An invoice covers several organizations.",
    why="If the usage is from one organization only, there is no usage for the costs of the others.",
    remedy="Give the costs and the usage of the same organizations.",
)
COLUMNS_IGNORED = Rule(
    "columns-ignored",
    "Some columns of a CSV aren't used for the bill.",
    why="If one of them has tokens or prices, they are missing from the bill.",
    remedy="Nothing, if these columns are about something else. Otherwise rename them, such as input_tokens.",
    effect=Effect.INEXACT,
)
OTHER_MODEL = WarningRule(
    "other-model",
    "A model other than the requested one answers.",
    why="Another model has another price, so the prediction can't be right.",
    remedy="Check the deployment or alias behind the name.",
)
DRIFT = ErrorRule(
    "drift",
    "The bill differs from the prediction by more than you tolerate.",
    why="Budgets and forecasts rest on the prediction.",
    remedy="Look at the requests that are listed: their answers are longer than expected, or something counts differently.",
)
CUSTOM_ID_TWICE = Rule(
    "custom-id-twice",
    "A custom_id belongs to more than one request or answer.",
    why="It isn't clear which request an answer belongs to, so neither is compared.",
    remedy="Give each request a different custom_id.",
)
CUSTOM_ID_UNKNOWN = Rule(
    "custom-id-unknown",
    "A request has no answer, or an answer has no request.",
    why="A request or an answer without its counterpart can't be compared.",
    remedy="Give all files of requests and answers that belong together.",
)
CUSTOM_ID_MISSING = Rule(
    "custom-id-missing",
    "Requests or answers that should be compared have no custom_id.",
    why="Without it they can't be matched.",
    remedy="Set a custom_id on each request, or compare totals with --estimate.",
)
NOT_COMPARED = WarningRule(
    "not-compared",
    "Something was predicted and not billed, or billed and not predicted.",
    why="The comparison covers only part of the bill.",
    remedy="Add the missing workload or its answers, or say with --workload which one they belong to.",
)
BASE_WITHOUT_CONFIG = Rule(
    "base-without-config",
    "The base of the comparison has no gpt41.yaml.",
    why="There is nothing to compare with, so everything counts as new.",
    remedy="Nothing for the first commit with a gpt41.yaml. Otherwise check the revision, or give --config.",
)
