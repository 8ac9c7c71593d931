"""Reads framed blocks into one buffer, as a trainer would: `feed-client.py tcp|http:PATH PORT BLOCKS`. Prints the seconds and the bytes as JSON."""
import http.client
import json
import socket
import sys
import time

kind, port, blocks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
header = memoryview(bytearray(64))
payload = memoryview(bytearray())


def fill(readinto, view):
    got = 0
    while got < len(view):
        count = readinto(view[got:])
        if count == 0:
            raise EOFError(f'the stream ended after {got} of {len(view)} bytes')
        got += count


start = time.perf_counter()
if kind == 'tcp':
    connection = socket.create_connection(('127.0.0.1', port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(blocks.to_bytes(8, 'little'))
    readinto = connection.recv_into
else:
    path = kind.removeprefix('http:')
    connections = [http.client.HTTPConnection('127.0.0.1', port) for _ in range(2)]
    for connection in connections:
        connection.request('GET', path)
    answer = connections[0].getresponse()

    def readinto(view):
        """What a stream ends with is asked for again while the other is read, as by one who trains several epochs."""
        global answer
        got = answer.readinto(view)
        if got == 0 and answer.isclosed():
            connections[0].request('GET', path)
            connections.reverse()
            answer = connections[0].getresponse()
            got = answer.readinto(view)
        return got


total = 0
for _ in range(blocks):
    fill(readinto, header)
    size = int.from_bytes(header[8:12], 'little') * int.from_bytes(header[12:16], 'little') * 4
    if len(payload) != size:
        payload = memoryview(bytearray(size))
    fill(readinto, payload)
    total += size
print(json.dumps({'seconds': time.perf_counter() - start, 'bytes': total}))
