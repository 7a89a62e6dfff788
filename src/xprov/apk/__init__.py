"""Alpine's package manager: what apk is asked, what it answers, where it looks, what is installed."""
