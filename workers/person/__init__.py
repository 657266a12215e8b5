"""People in the picture: who is where, and what is shown behind them."""
