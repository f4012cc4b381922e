"""Reads CLIXML values by psrpcore, one a line, and writes each again by psrpcore, as a JSON string; or null."""

import json
import sys
import xml.etree.ElementTree as ElementTree

from psrpcore.types import deserialize, serialize


class Plain:
    """No encryption: secure strings pass as they are."""

    def decrypt(self, value: str) -> str:
        return value

    def encrypt(self, value: str) -> str:
        return value


sys.stdin.reconfigure(encoding="utf-8")
for line in sys.stdin:
    try:
        value = deserialize(ElementTree.fromstring(line), Plain())
        text = ElementTree.tostring(serialize(value, Plain()), encoding="unicode")
    except Exception as error:  # Whatever psrpcore cannot do is named by the test.
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        text = None
    print(json.dumps(text), flush=True)
