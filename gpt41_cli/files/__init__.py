"""Open and read files: bytes, lines, JSON values, folders and git revisions. Other packages decide what they mean."""
