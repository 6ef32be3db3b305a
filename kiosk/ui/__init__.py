"""The ui process: shows the page the desk asks for and gives the citizen's action back."""
