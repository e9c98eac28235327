"""A sweep's folder read as a whole, in parallel where that pays."""
