"""The workshop for live coding, over OSC. `docs/studio-daw.md` is its description."""
