"""Addresses of endpoints: names, base addresses, and those that are never asked."""

import pytest

from tts_playground.errors import BadInput
from tts_playground.models.endpoint import address


@pytest.mark.parametrize(
    ("name", "model", "url"),
    [
        ("endpoint:m@http://h:1/v1", "m", "http://h:1/v1"),
        ("endpoint:org/m@v2@http://h/v1", "org/m@v2", "http://h/v1"),
        ("endpoint:@cf/llava@https://h/v1", "@cf/llava", "https://h/v1"),
        ("endpoint:m:latest@http://h/v1", "m:latest", "http://h/v1"),
        ("endpoint:m@http://u:p@h/v1", "m", "http://u:p@h/v1"),
    ],
)
def test_names(name, model, url):
    assert address.named(name) == (model, url)


@pytest.mark.parametrize("name", ["endpoint:", "endpoint:m", "endpoint:m@", "endpoint:@http://h/v1", "endpoint:m@h:1"])
def test_names_that_are_none(name, monkeypatch):
    monkeypatch.delenv("TTS_PLAYGROUND_ENDPOINT_URL", raising=False)
    with pytest.raises(BadInput, match="endpoint:MODEL@http"):
        address.named(name)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("http://h", "http://h/v1"),
        ("http://h/", "http://h/v1"),
        ("http://h/v1/", "http://h/v1"),
        ("http://h/v1", "http://h/v1"),
        ("http://h/v1beta/openai/", "http://h/v1beta/openai"),
        ("https://H:443/v1/chat/completions", "https://h/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_base_addresses(given, read):
    assert str(address.base(given)) == read


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("localhost:80", "is an address like"),
        ("file:///etc/passwd", "is an address like"),
        ("ftp://h/v1", "is an address like"),
        ("http://", "is an address like"),
        ("http:///v1", "is an address like"),
        ("http://h:99999/v1", "is an address like"),
        ("http://a b/v1", "is an address like"),
        ("http://h\n/v1", "is an address like"),
        ("http://api.openai.com\\@evil.example/v1", "is an address like"),
        ("http://me:secret@h/v1", "holds a user name or password"),
        ("http://secret@h/v1", "holds a user name or password"),
        ("http://h/v1#part", "after [?] or #"),
        ("http://h/v1?key=secret", "after [?] or #"),
        ("http://169.254.169.254/v1", "link-local or cloud metadata"),
        ("http://2852039166/v1", "link-local or cloud metadata"),
        ("http://0xa9fea9fe/v1", "link-local or cloud metadata"),
        ("http://0251.0376.0251.0376/v1", "is an address like"),
        ("http://[::ffff:169.254.169.254]/v1", "link-local or cloud metadata"),
        ("http://[fe80::1]/v1", "link-local or cloud metadata"),
        ("http://[fd00:ec2::254]/v1", "link-local or cloud metadata"),
        ("http://100.100.100.200/v1", "link-local or cloud metadata"),
        ("http://[64:ff9b::a9fe:a9fe]/v1", "link-local or cloud metadata"),
        ("http://[64:ff9b:1::a9fe:a9fe]/v1", "link-local or cloud metadata"),
        ("http://[64:ff9b::6464:64c8]/v1", "link-local or cloud metadata"),
        ("http://[2002:a9fe:a9fe::1]/v1", "link-local or cloud metadata"),
        ("http://[2001:0:4136:e378:8000:63bf:5601:5601]/v1", "link-local or cloud metadata"),
        ("http://[::a9fe:a9fe]/v1", "link-local or cloud metadata"),
        ("http://[::ffff:0:a9fe:a9fe]/v1", "link-local or cloud metadata"),
        ("http://metadata.google.internal/v1", "link-local or cloud metadata"),
    ],
)
def test_addresses_that_are_never_asked(given, why):
    with pytest.raises(BadInput, match=why) as told:
        address.base(given)
    assert "secret" not in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.8.9.1", "::1", "0.0.0.0", "127.1"])
def test_this_machine(host):
    assert address.is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "128.0.0.1", "::2", "example", "127.0.0.1.nip.io"])
def test_other_machines(host):
    assert not address.is_loopback(host)
