"""Looking at images of any size in a browser: a server of tiles and facts, and the page that draws them."""
