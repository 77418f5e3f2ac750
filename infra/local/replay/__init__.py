"""An evening once more: a recorded chat into a running server, or into the policy in virtual time."""
