"""Signatures: the reference's vectors, and everything that a signature covers."""

import base64

import pytest

from openscrip.api.kraken.signature import Secret, form_nonce

NONCE = b"1700000000000"
ORDER = b"/0/private/AddOrder", b"nonce=1700000000000&ordertype=limit&pair=TSLAxUSD&price=345.67&type=buy&volume=1.25"
BATCH = b"/0/private/CancelOrderBatch", b'{"nonce":"1700000000000","orders":["OAAAAA-BBBBB-CCCCCC"]}'
SECRET = Secret(b"\x73" * 64)
ORDER_SIGN = b"PnfQ5vA+tqAhKqEHGxPpqD25Je20Hcwj1Ll9wjRkZIhLBQHdNhsdNu+rsa2wnfoDO1yfDo2iBZ5TG98ghxYrew=="
BATCH_SIGN = b"ld2cNepL/q6/m2kV9dr2bAU1YnEfYdLfi0d6g1//5S7sko3W2v2XBrq3kNxC9fF1fpiY2y0fsnnxqfFsHVfecw=="


@pytest.mark.parametrize(("request_", "signature"), [(ORDER, ORDER_SIGN), (BATCH, BATCH_SIGN)])
def test_a_request__of_the_reference__has_its_signature(request_: tuple[bytes, bytes], signature: bytes) -> None:
    path, body = request_
    assert SECRET.sign(path, NONCE, body) == signature
    assert SECRET.signed(path, NONCE, body, signature)


@pytest.mark.parametrize(
    ("path", "nonce", "body", "signature"),
    [
        (ORDER[0] + b"x", NONCE, ORDER[1], ORDER_SIGN),
        (ORDER[0], b"1700000000001", ORDER[1], ORDER_SIGN),
        (ORDER[0], NONCE, ORDER[1] + b"&", ORDER_SIGN),
        (ORDER[0], NONCE, ORDER[1], ORDER_SIGN[:-1]),
        (ORDER[0], NONCE, ORDER[1], b""),
        (ORDER[0], NONCE, ORDER[1], b"\xff" * 88),
        (ORDER[0], NONCE, ORDER[1], base64.b64encode(base64.b64decode(ORDER_SIGN)[:-1] + b"\x00")),
    ],
)
def test_a_signature__of_another_request__does_not_serve(path: bytes, nonce: bytes, body: bytes, signature: bytes) -> None:
    assert not SECRET.signed(path, nonce, body, signature)


def test_a_secret__shown__says_nothing() -> None:
    assert "s" * 8 not in repr(SECRET)


@pytest.mark.parametrize(
    ("body", "nonce"),
    [
        (b"nonce=1&a=2", b"1"),
        (b"a=2&nonce=17", b"17"),
        (b"a=nonce=3", None),
        (b"xnonce=4", None),
        (b"nonce=", None),
        (b"nonce=1x", None),
        (b"nonce=-1", None),
        (b"nonce=" + b"9" * 21, None),
        (b"", None),
    ],
)
def test_the_nonce_of_a_form__is_found_whole_or_not_at_all(body: bytes, nonce: bytes | None) -> None:
    assert form_nonce(body) == nonce
