"""The workshop for agents, over the Model Context Protocol. `docs/studio-agents.md` is its description."""
