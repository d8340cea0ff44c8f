"""Open scores, tasks in flight, candidates, and a history that survives anything. It knows no door: no HTTP, no agent."""
