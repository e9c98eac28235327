"""The words for what may be concluded: of claims, and of which configuration is better.

Nothing else in the code words either (`tests/analysis/verdicts`), so that no report says more than
the tests behind it.
"""
