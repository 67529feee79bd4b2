"""One training: no process, no server, no database."""
