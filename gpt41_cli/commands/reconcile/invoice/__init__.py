"""The bill itself: what was charged next to what the usage should cost, and the causes of the difference."""
