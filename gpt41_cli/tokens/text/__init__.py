"""Count the tokens of texts of any size: the vocabulary, the engines, and the workers that count on all cores."""
