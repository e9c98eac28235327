"""The stage report, in Chinese and in English, from one set of values."""
