"""One folder per command: `command.py` parses flags and calls one function, `report.py` and `reasons.py` write the report, and
every other file computes and returns data. The sentence of a finding is where it is checked. What a second command needs moves
down to the folder of its noun.
"""
