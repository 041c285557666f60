"""What the README promises about the project's own files stays true."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def block(name: str) -> str:
    return re.search(rf"<!-- {name} -->\n```bash\n(.*?)\n```", README, flags=re.S).group(1)


def test_exactly_two_set_up_commands_of_one_line_each():
    assert len(re.findall(r"<!-- (\w+) -->\n```bash", README)) == 2
    assert "\n" not in block("app") + block("tests")
    assert "app.py" in block("app")
    assert "pytest" in block("tests")


def test_the_front_matter_names_what_a_space_needs():
    front = README.split("---")[1]
    for field in [
        "title",
        "sdk",
        "sdk_version",
        "python_version",
        "app_file",
        "license",
        "models",
        "preload_from_hub",
        "tags",
    ]:
        assert re.search(rf"^{field}:", front, flags=re.M), field
    version = re.search(r"gradio==(\S+)", (ROOT / "requirements.txt").read_text()).group(1)
    assert f"sdk_version: {version}" in front


def test_every_file_that_it_links_is_there():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_requirements_name_the_cards_packages():
    text = (ROOT / "requirements.txt").read_text().replace("-", "_")
    card = "gradio torch transformers accelerate bitsandbytes peft pillow open_clip_torch lark shapely plotly datasets"
    for package in [*card.split(), "pytest"]:
        assert re.search(rf"^{package}==", text, flags=re.M), package
    assert "unsloth" in (ROOT / "requirements-train.txt").read_text()


BEHIND_OTHERS = {
    "accelerate": "transformers",
    "bitsandbytes": "transformers",
    "kaleido": "plotly",
    "antlr4-python3-runtime": "math_verify",
}
"""packages that another one imports for us"""


def test_a_space_installs_only_what_the_app_uses_and_pytest_last():
    """The page trains adapters, so that trl, peft and datasets belong to the app."""
    names = re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text(), flags=re.M)
    assert names[-1] == "pytest"
    source = "\n".join(file.read_text() for file in (ROOT / "tts_playground").rglob("*.py"))
    for name in names[:-1]:
        module = BEHIND_OTHERS.get(name, {"pillow": "PIL"}.get(name, name.replace("-", "_").removesuffix("_torch")))
        assert re.search(rf"^\s*(import|from) {module}\b", source, flags=re.M), name


def test_what_a_space_fetches_before_its_first_visitor_is_a_model_that_it_names():
    front = README.split("---")[1]
    lists = dict(re.findall(r"^(\w+):\n((?:  - \S+\n)+)", front, flags=re.M))
    preloaded = set(lists["preload_from_hub"].split()) - {"-"}
    assert preloaded and preloaded <= set(lists["models"].split())
