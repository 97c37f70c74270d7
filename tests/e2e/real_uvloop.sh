#!/usr/bin/env bash
# An echo server on Python's uvloop with 1,000 connections. libuv comes with a library that is
# loaded privately, so that the recorder has to find it there.
. "$ROOT/tests/e2e/real_programs.bash"
python=/usr/bin/python3
need $python python3
if ! $python -c 'import uvloop' 2>/dev/null; then
	skip uvloop 'not installed (package python3-uvloop)'
	done_testing
fi

cat >echo.py <<'END'
import asyncio
import resource
import uvloop

CONNECTIONS = 1000
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

async def serve(reader, writer):
    while data := await reader.read(1000):
        writer.write(data)
        await writer.drain()
    writer.close()

async def ask(port, number, slots):
    async with slots:
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
    for i in range(3):
        writer.write(b'%d of %d' % (i, number))
        assert await reader.read(1000) == b'%d of %d' % (i, number)
        await asyncio.sleep(0.001)
    writer.close()
    await writer.wait_closed()
    return number

async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    slots = asyncio.Semaphore(200)
    asked = await asyncio.gather(*(ask(port, n, slots) for n in range(CONNECTIONS)))
    found = await asyncio.get_running_loop().getaddrinfo('127.0.0.1', 80)
    server.close()
    await server.wait_closed()
    print(len(asked), sum(asked), len(found))

uvloop.install()
asyncio.run(main())
END

expected=$($python echo.py 2>&1)
contains 'unrecorded, it serves 1,000 connections' "$expected" '1000 499500 '
status 'recorded, it ends with status 0' 0 "$ACAUSAL" record -o uvloop.db $python echo.py
equal 'its output is the same' "$(<out)" "$expected"
check_recording uvloop.db
has_rows uvloop.db 2000 5000
equal 'both ends of the connections are recorded' "$(sql uvloop.db "
	SELECT count(*) >= 2000 FROM resource_named WHERE type = 'uv_tcp_t'")" 1
no_unknown_links uvloop.db
traces_reach_root uvloop.db 200
done_testing
