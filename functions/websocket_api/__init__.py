"""WebSocket: a plain handler behind API Gateway's WebSocket API."""
