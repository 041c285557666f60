"""What the README shows of the gateway runs as it stands, but for the port."""

import re
from pathlib import Path

import pytest
import shipped

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_example_prints_a_reply_its_price_and_its_tree(serve, capsys):
    if "tiny:math" not in shipped.models("tiny:math") or "tiny:prm" not in shipped.models("tiny:prm"):
        pytest.skip("the embedded models are not here")
    code = re.search(r"<!-- gateway -->\n```python\n(.*?)\n```", README, flags=re.S).group(1)
    served = serve(["tiny:math"])
    exec(code.replace("http://127.0.0.1:8080/v1", served.address), {})
    said = capsys.readouterr().out
    assert "boxed{7}" in said and "'fate': 'best'" in said
