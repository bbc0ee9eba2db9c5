"""Store and catalogue kept in agreement: adopt, export, collect garbage, reconcile."""
