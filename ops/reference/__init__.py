"""The pages under docs/reference, written from the code itself: what they say is what runs.

``python -m ops.reference`` (or ``make reference``) writes them all anew; a house test fails while one is stale.
"""
