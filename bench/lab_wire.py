"""What one client says to a daemon, recorded once from the command line and said again as often as wanted.

The command line starts a process and asks for the image's digest each time; what the daemon itself can do is
seen only without that. A name of the same length can be put in the place of the recorded one: lengths in the
message stay right.
"""

import contextlib
import os
import socket
import threading


def conversation(path, request):
    """Connects, says REQUEST, and returns all that is answered until the daemon hangs up."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(request)
        answer = b""
        while piece := s.recv(65536):
            answer += piece
        return answer


def relay(listener, path, requests):
    """Passes every connection on to PATH; what each client said is appended to REQUESTS."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(path)
            head = client.recv(65536)
            requests.append(head)
            server.sendall(head)
            while piece := server.recv(65536):
                client.sendall(piece)


@contextlib.contextmanager
def recorder(path, run_directory):
    """A daemon's stand-in in RUN_DIRECTORY, which passes on to the socket PATH; yields the list of what was said."""
    os.makedirs(f"{run_directory}/util")
    requests = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{run_directory}/util/vmmd.sock")
        listener.listen()
        thread = threading.Thread(target=relay, args=(listener, path, requests), daemon=True)
        thread.start()
        yield requests
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
