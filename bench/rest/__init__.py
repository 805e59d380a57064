"""What an installation costs that has nothing to do, and how soon it has done the first thing that comes then: `python -m bench.rest`."""
