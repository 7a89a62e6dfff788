"""Workflows that build and prove wheels: what is in one, decided from the project, and the file that says it."""
