"""What the fuzzers try: targets that take any bytes, and the corpus of inputs that reached most.

tools/fuzz.py looks for more; tests/fuzz/test_corpus.py replays what was kept.
"""
