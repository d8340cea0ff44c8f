"""The report of `explore`: facts, charts and tables as one page, and the numbers behind it as files."""
