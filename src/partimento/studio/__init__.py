"""The studio: one workshop for open scores, tasks and their candidates, and its doors: a page, an HTTP API, agents, live coding."""
