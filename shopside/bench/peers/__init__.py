"""The peers: what an able team would write in plain SQL, and the emptiest endpoint there is."""
