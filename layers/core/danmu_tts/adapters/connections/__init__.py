"""WebSocket connections: their records, and the gateway that holds them."""
