"""What every test shares."""

from hypothesis import settings

# Machines that test are shared and slow at times; a deadline would fail them at random.
settings.register_profile("ilsweep", deadline=None)
settings.load_profile("ilsweep")
