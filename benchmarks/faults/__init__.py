"""Planted faults: does each finding see what is there, and keep quiet where nothing is?"""
