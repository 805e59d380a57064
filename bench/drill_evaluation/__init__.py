"""`make drill-evaluation`: evaluations of many items that are killed in between, and end as if nothing had happened."""
