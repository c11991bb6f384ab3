"""Who may speak here and what time it is: brands, their keys, first answers, the clock of the installation."""
