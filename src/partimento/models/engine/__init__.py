"""Models computed without torch, in compiled loops; `predictor.py` is the way in."""
