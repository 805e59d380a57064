"""The report for people: figures with their intervals, what changed for each item, and the page of one offline file."""
