"""moto's server, with a lock around each request.

moto looks whether an object is there (If-None-Match) and then writes it, in two steps between which
another thread can do the same. A store that is worth the name does both in one.
"""

import threading

import moto.server
from werkzeug.serving import run_simple

lock = threading.Lock()


def serve(host, port, app, **options):
    def one_at_a_time(environ, start_response):
        with lock:
            return app(environ, start_response)

    run_simple(host, port, one_at_a_time, **options)


moto.server.run_simple = serve
moto.server.main()
