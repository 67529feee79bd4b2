"""Who may use the server: the guard in front of everything, sessions, and the brake on tokens."""
