"""Skip-gram and CBOW by stochastic gradient steps."""
