"""What is worth making, what is new, and where something is: targets, recipes, and finding by words."""
