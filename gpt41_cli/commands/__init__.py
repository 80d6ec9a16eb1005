"""One folder per command: `command.py` parses flags and calls one function, `report.py` and `reasons.py` hold every sentence the
user reads, every other file computes and returns data. What a second command needs moves down to the folder of its noun.
"""
