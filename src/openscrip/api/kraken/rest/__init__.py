"""The endpoints of the REST surface, by what they are about."""
