"""The proof of a wheel: installed into the Python of the oldest suite that its tag promises to run on, and imported."""
