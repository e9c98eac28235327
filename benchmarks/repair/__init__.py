"""Whether our advice repairs: faulty specs, and the stages that follow from them untold."""
