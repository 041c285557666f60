"""How the embedded models were made: one loop, one trainer a model, the same script on a laptop and on a GPU."""
