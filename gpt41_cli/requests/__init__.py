"""What is sent: files, folders and standard input as texts whose tokens can be counted."""
