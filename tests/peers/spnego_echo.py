"""pyspnego as the acceptor of one exchange, and as the other end of sealed bodies, over stdin and stdout.

The first line is {"protocol": "ntlm" | "negotiate", "users": ["NAME:PASSWORD", ...], "certificate": KIND or null}, where
KIND ("ec-sha384", "rsa-sha256", "pss-sha512", "ed25519") is that of a certificate to make and to bind to; it gets
{"certificate": BASE64}. Every further line asks for one thing, and gets a line: {"step": BASE64} gives {"token": BASE64 or null,
"complete": bool}; {"echo": BASE64 of a sealed body} gives {"text": BASE64 of what it read, "body": BASE64 of the same,
sealed}; {"say": BASE64} gives {"body": BASE64}. What goes wrong gives {"error": TEXT}.
"""

import base64
import datetime
import json
import os
import sys
import tempfile

import spnego
import spnego.channel_bindings
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from spnego._ntlm_raw.crypto import ntowfv1

from wsman import auth, sealing

LABEL = sealing.LABELS["negotiate"]
TYPE = f'multipart/encrypted;protocol="{LABEL}";boundary="Encrypted Boundary"'


def users_file(users):
    file = tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".users")
    for user in users:
        name, _, password = user.partition(":")
        file.write(f"{name}:1000:{'0' * 32}:{ntowfv1(password).hex().upper()}:[U]:LCT-0\n")
    file.flush()
    return file


def certificate_of(kind):
    family, _, name = kind.partition("-")
    digest = getattr(hashes, name.upper())() if name else None
    if family == "ec":
        key = ec.generate_private_key(ec.SECP256R1())
    elif family == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(65537, 2048)
    pss = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH) if family == "pss" else None
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, kind)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now, now)
    return builder.sign(key, digest, rsa_padding=pss).public_bytes(serialization.Encoding.DER)


def main():
    asked = json.loads(sys.stdin.readline())
    file = users_file(asked["users"])
    os.environ["NTLM_USER_FILE"] = file.name
    certificate = asked["certificate"] and certificate_of(asked["certificate"])
    bindings = certificate and spnego.channel_bindings.GssChannelBindings(
        application_data=auth.cbt_application_data(certificate)
    )
    print(json.dumps({"certificate": certificate and text(certificate)}), flush=True)
    context = spnego.server(protocol=asked["protocol"], options=spnego.NegotiateOptions.use_negotiate)
    for line in sys.stdin:
        try:
            answer = answer_to(json.loads(line), context, bindings)
        except Exception as error:  # Refusals have many types; the tests want to see each.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def answer_to(asked, context, bindings):
    if "step" in asked:
        token = context.step(base64.b64decode(asked["step"]), channel_bindings=bindings)
        user = context.client_principal if context.complete else None
        return {"token": token and text(token), "complete": context.complete, "user": user}
    if "echo" in asked:
        said, _, remarks = sealing.unseal(context, TYPE, base64.b64decode(asked["echo"]), LABEL)
        if remarks:
            raise ValueError("; ".join(remarks))
    else:
        said = base64.b64decode(asked["say"])
    _, body = sealing.seal(context, said, LABEL)
    return {"text": text(said), "body": text(body)}


def text(data):
    return base64.b64encode(data).decode()


main()
