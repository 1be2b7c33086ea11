"""The learner behind a decision: from a ticket's signals to ranked answers and a calibrated confidence.

Pure: arrays in, arrays out. No database, no files, no clock, no language model.
"""
