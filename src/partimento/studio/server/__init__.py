"""The workshop over HTTP, on this machine alone. `docs/studio-api.md` is its description."""
