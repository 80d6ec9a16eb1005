"""Find why a count may not be called exact: the shapes of a request, and how many recorded bills confirm each."""
