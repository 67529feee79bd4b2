"""Node files of the user: how they are read, tried in a process of their own, and imported."""
