"""What the holdout firewall finds of variants, near-duplicates, paraphrases and translations, and what it takes wrongly."""
