"""What the risk room offers: checks, decisions for orders being booked, the wire kept up to date."""
