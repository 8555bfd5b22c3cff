"""The venue spoken in Kraken's language: REST and WebSocket v2, so that existing trading clients work by changing a URL."""
