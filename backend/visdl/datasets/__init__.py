"""Tables: import, typing, encoding, caching and splits."""
