"""How everything looks: colours and sizes, line drawings, pictures, typefaces."""
