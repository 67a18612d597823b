"""For bench_screen.py: `shown` is a screen with a timeline, `terminal` what it is shown in."""
