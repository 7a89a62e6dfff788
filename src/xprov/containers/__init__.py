"""Builds in containers: which image, what it has, and a command run in it as a release job does."""
