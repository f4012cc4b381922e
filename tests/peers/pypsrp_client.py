"""pypsrp as the other client of a session: leaves one, or takes one up. URL, user, password, what to do, and with what.

leave NAME SCRIPT   opens a pool, starts the script, disconnects; prints the pool's id
take ID             connects to the pool, reads what its command puts out to the end, a line each, and disconnects
"""

import sys
from urllib.parse import urlsplit

from pypsrp.complex_objects import RunspacePoolState
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan


def main() -> None:
    url, user, password, task, *rest = sys.argv[1:]
    parts = urlsplit(url)
    wsman = WSMan(
        parts.hostname,
        port=parts.port,
        ssl=False,
        username=user,
        password=password,
        auth="ntlm",
        encryption="always",
    )
    with wsman:
        if task == "leave":
            name, script = rest
            pool = RunspacePool(wsman)
            pool.shell.name = name
            pool.open()
            command = PowerShell(pool)
            command.add_script(script)
            command.begin_invoke()
            pool.disconnect()
            print(pool.id)
        else:
            (wanted,) = rest
            pools = RunspacePool.get_runspace_pools(wsman)
            (pool,) = [pool for pool in pools if pool.id.lower() == wanted.lower()]
            pool.connect()
            for command in pool.create_disconnected_power_shells():
                for line in command.connect():
                    print(line)
            # It does not notice that the pool of another client is open now.
            pool.state = RunspacePoolState.OPENED
            pool.disconnect()


if __name__ == "__main__":
    main()
