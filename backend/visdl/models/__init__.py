"""Records: what is sent, stored and handed to the engine. Pydantic only, no I/O."""
