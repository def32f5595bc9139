"""HTTP/1.1 itself, without I/O: no module here sees a socket, a clock, a logger or an event loop.

Who wants to know what a hostile server can do reads this package and `dugong.limits`.
"""
