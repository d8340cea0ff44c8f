"""How well models predict music: bits per note, comparisons, tables, the leaderboard."""
