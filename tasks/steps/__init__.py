"""How steps of flows run: as Prefect tasks, side by side, handing on what they have done."""
