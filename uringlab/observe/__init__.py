"""Looking at rings and touching nothing: snapshots, what changed, events, requests.

Everything that is drawn, printed, checked or exported comes from snapshots and events.
"""
