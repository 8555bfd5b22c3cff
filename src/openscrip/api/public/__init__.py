"""`/api/v2/public`: what everybody may read, as JSON. To add a resource: a shape, a route with its failures, a test."""
