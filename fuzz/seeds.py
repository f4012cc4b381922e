#!/usr/bin/env python3
"""Cuts seeds for the fuzzers from the recordings: seeds.py REFERENCE, the folder that holds pwsh-7.6 and
omi-wsman."""
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


def exchanges(folder):
    """Answers of WSMan, one for each set of elements; the headers and the sealed bodies of authentication."""
    seen = set()
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines()):
            entry = json.loads(line)
            if entry["dir"] != "s":
                continue
            headers = entry.get("headers") or []
            headers = headers.items() if isinstance(headers, dict) else headers
            offers = [value for name, value in headers if name.lower() == "www-authenticate"]
            content_type = next((value for name, value in headers if name.lower() == "content-type"), "")
            body = entry.get("body") or ""
            is_base64 = entry.get("bodyencoding") == "base64"
            body = base64.b64decode(body) if is_base64 else body.encode("utf-8", "surrogatepass")
            shape = tuple(offer.partition(" ")[0] + str(len(offer)) for offer in offers)
            if offers and shape not in seen:
                seen.add(shape)
                seed("authenticate", f"{path.stem}-{number}", "\n".join(offers))
                for token in offers:
                    token = base64.b64decode(token.partition(" ")[2] if token.startswith("Negotiate ") else "")
                    seed("authenticate", f"{path.stem}-{number}.token", token)
                    seed("authenticate", f"{path.stem}-{number}.ntlm", token[token.find(b"NTLMSSP") :] if b"NTLMSSP" in token else b"")
            if content_type.startswith("multipart/"):
                seed("sealed", f"{path.stem}-{number}", body if len(body) < LONGEST else b"")
            elements = tuple(sorted(set(re.findall(rb"<(?:\w+:)?(\w+)", body))))
            if body and len(body) < LONGEST and elements not in seen and not content_type.startswith("multipart/"):
                seen.add(elements)
                seed("soap", f"{path.stem}-{number}", content_type.encode() + b"\n" + body)


if __name__ == "__main__":
    exchanges(pathlib.Path(sys.argv[1]) / "omi-wsman")
    reference = pathlib.Path(sys.argv[1]) / "pwsh-7.6"
    conversations(reference / "conversations")
    values(reference / "clixml.jsonl")
    texts(reference / "conversations")
