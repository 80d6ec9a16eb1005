"""A text of any size -> its tokens: the vocabulary, the engines, and the workers that count on all cores."""
