"""`/api/v2/client` and `/api/v2/desk`: what a key's owner may read and ask. What is another's is as if it were not there."""
