"""How everything looks: colours and sizes (`tokens`), line drawings (`icons`), pictures (`scenes`), typefaces (`fonts`)."""
