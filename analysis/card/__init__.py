"""What a trained policy owes to its eyes: the card of `ilsweep look`."""
