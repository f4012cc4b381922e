#!/usr/bin/env python3
"""Cuts seeds for the fuzzers from the recordings: seeds.py REFERENCE, the folder that holds pwsh-7.6."""
import base64
import hashlib
import json
import pathlib
import re
import sys

CORPUS = pathlib.Path(__file__).parent / "corpus"
LONGEST = 6000


def seed(target, name, data):
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    if data:
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / re.sub(r"[^\w.-]+", "-", name)).write_bytes(data[:LONGEST])


def conversations(folder):
    for path in sorted(folder.glob("*.jsonl")):
        sides = {"c": "", "s": ""}
        for line in path.read_text("utf-8").splitlines():
            entry = json.loads(line)
            if entry["dir"] in sides:
                sides[entry["dir"]] += entry["data"]
        for side, text in sides.items():
            lines = [line for line in text.splitlines(keepends=True) if len(line) < LONGEST]
            seed("stdio", f"{path.stem}.{side}", cut(lines))
            fragments = [
                base64.b64decode(found[1])
                for line in lines
                if (found := re.match(r"<Data [^>]*>(.*)</Data>", line))
            ]
            seed("fragments", f"{path.stem}.{side}", cut(fragments))
            seed("messages", f"{path.stem}.{side}", cut(list(messages(b"".join(fragments)))))


def messages(data):
    """Each message as the target `messages` reads it: type, space, body, separator."""
    objects = {}
    while len(data) >= 21:
        number, length = int.from_bytes(data[:8]), int.from_bytes(data[17:21])
        objects[number] = objects.get(number, b"") + data[21 : 21 + length]
        if data[16] & 2:
            message = objects.pop(number)
            body = message[40:].removeprefix(b"\xef\xbb\xbf")
            yield b"%08x " % int.from_bytes(message[4:8], "little") + body + b"\x1e"
        data = data[21 + length :]


def cut(pieces):
    """Whole pieces, as many as fit."""
    kept = pieces[:0]
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > LONGEST:
            break
        kept = kept + [piece]
    return ("" if kept and isinstance(kept[0], str) else b"").join(kept)


def values(path):
    seen = set()
    for line in path.read_text("utf-8").splitlines():
        clixml = json.loads(line).get("clixml") or ""
        # One value for each set of elements: the others teach a fuzzer nothing.
        elements = tuple(sorted(set(re.findall(r"<(\w+)", clixml))))
        if clixml and len(clixml) < LONGEST and elements not in seen:
            seen.add(elements)
            seed("clixml", hashlib.sha256(clixml.encode("utf-8", "surrogatepass")).hexdigest()[:12], clixml)


def texts(folder):
    for path in sorted(folder.iterdir()):
        if path.name.endswith(".client.txt"):
            seed("styles", path.name.removesuffix(".client.txt"), path.read_bytes())
        elif path.suffix in (".ps1", ".steps"):
            seed("language", path.stem, path.read_bytes())


if __name__ == "__main__":
    reference = pathlib.Path(sys.argv[1]) / "pwsh-7.6"
    conversations(reference / "conversations")
    values(reference / "clixml.jsonl")
    texts(reference / "conversations")
