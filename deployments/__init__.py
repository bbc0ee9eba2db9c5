"""What a site runs around the flows: set-up, automations, certificates, secrets, and the image's entry point."""
