"""What the API answers: a model for every answer, one file per resource."""
