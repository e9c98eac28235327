"""What a trained policy does: episodes, success, lesions, controls, probes."""
