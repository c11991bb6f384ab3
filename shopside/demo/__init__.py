"""The demo shop: a seeded, labelled year of a brand, sent through the public intake like any shop's."""
