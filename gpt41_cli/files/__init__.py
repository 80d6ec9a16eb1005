"""Bytes, lines, JSON values, folders and git revisions: how a file is opened and read. What it means is decided further up."""
