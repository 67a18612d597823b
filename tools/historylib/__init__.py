"""The parts of bench_history.py: a log of millions, who asks for it, and what is told of that.

``words`` is what people say, ``log`` fills the database with it, ``questions`` is what is asked
then, ``scenes`` who asks how, ``figures`` what came of it, ``cli`` the command line. The server,
its clients and the processes that they live in are those of ``benchlib``.
"""
