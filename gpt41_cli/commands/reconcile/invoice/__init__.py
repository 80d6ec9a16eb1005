"""Compare the bill itself with what the usage should cost, and find the causes of the difference."""
