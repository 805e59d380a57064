"""A language model as a judge of answers: advisory figures beside the measures, until people's ratings say how far it can be believed."""
