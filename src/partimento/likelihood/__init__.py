"""How well models foretell music: bits per note, comparisons, tables, the leaderboard."""
