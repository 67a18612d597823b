"""Several nodes with the same people: what a turn tells the others, and what theirs do here.

Each node has the whole model in memory. A turn runs at one of them, alone, on the state that all
before it have left (server/nodes.py sees to that); what it has done is a body (encoding.py) with
its journal events, who is there by now (presence.py), and what was said to sessions at other nodes
(telling.py), which these take up in the same order (following.py). The rules know nothing of it: a
session at another node is a session, whose connection is elsewhere.
"""
