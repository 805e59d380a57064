"""Commands about topics, their records and the state behind them."""
