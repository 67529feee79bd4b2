"""HTTP and WebSocket: commands go down, facts come up."""
