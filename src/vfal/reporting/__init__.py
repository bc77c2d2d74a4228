"""The report: one table, one page, and the plots, made of what the stages left on disk."""
