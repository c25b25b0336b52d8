"""Where prices come from: files, a simulation, exchanges. All yield `PriceTick`."""
