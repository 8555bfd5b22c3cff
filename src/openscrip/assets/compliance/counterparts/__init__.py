"""Travel Rule counterparts, one module for each way of reaching them."""
