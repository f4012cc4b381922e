"""pypsrp doing what ours.rs does: URL, user, password, file of authorities."""
import json
import sys
import time
import urllib.parse

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

OPENINGS, INVOKES, TEXT, TEXTS = 5, 100, 256 << 10, 80


def told(**milliseconds):
    print(json.dumps({"milliseconds": milliseconds}), flush=True)
    sys.stdin.readline()


def percentile(values, percent):
    return sorted(values)[-(-len(values) * percent // 100) - 1]


def milliseconds(start):
    return (time.perf_counter() - start) * 1e3


def main(url, user, password, ca):
    parts = urllib.parse.urlsplit(url)

    def connect():
        return WSMan(parts.hostname, port=parts.port, username=user, password=password, auth="negotiate",
                     ssl=parts.scheme == "https", cert_validation=ca)

    openings, pool = [], None
    for _ in range(OPENINGS):
        if pool is not None:
            pool.close()
        start = time.perf_counter()
        pool = RunspacePool(connect())
        pool.open()
        openings.append(milliseconds(start))
    told(opening=percentile(openings, 50))

    def run(script, given=None):
        shell = PowerShell(pool)
        shell.add_script(script)
        output = shell.invoke(given)
        assert not shell.had_errors, shell.streams.error
        return output

    assert len(run("1")) == 1
    invokes = []
    for _ in range(INVOKES):
        start = time.perf_counter()
        assert len(run("1")) == 1
        invokes.append(milliseconds(start))
    told(**{"warm invoke, p50": percentile(invokes, 50), "warm invoke, p95": percentile(invokes, 95)})

    start = time.perf_counter()
    assert len(run("1..100000")) == 100000
    told(**{"100,000 objects": milliseconds(start)})

    start = time.perf_counter()
    assert run("begin { $n = 0 } process { $n += $_.Length } end { $n }", ["x" * TEXT] * TEXTS)[0] == TEXT * TEXTS
    told(**{"20 MB up": milliseconds(start)})

    start = time.perf_counter()
    assert len(run("$x = 'x' * %d; 1..%d | ForEach-Object { $x }" % (TEXT, TEXTS))) == TEXTS
    told(**{"20 MB down": milliseconds(start)})
    pool.close()


main(*sys.argv[1:])
