"""Keys and tokens are told from parameters, and what the environment hides stays hidden."""

from __future__ import annotations

import hashlib
import json
import random
import string
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import Problem, SpecError
from ilsweep.sweeps.security.masking import HIDDEN, Mask
from ilsweep.sweeps.security.secrets import concealed, hidden, secrets_in, values, why_secret
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.validation.validate import check, load_spec
from tests.sweeps.specs import regression

ALPHABET = string.ascii_letters + string.digits


def made_up(count: int, alphabet: str = ALPHABET) -> str:
    """So many characters, the same each time, with a digit and both cases."""
    return "aB3" + "".join(random.Random(count).choices(alphabet, k=count - 3))


HEX = made_up(200, "0123456789abcdef").lower()[:40]
SECRETS = {
    "Hugging Face": "hf_" + made_up(34),
    "GitHub": "ghp_" + made_up(36),
    "GitHub, fine-grained": "github_pat_" + made_up(22) + "_" + made_up(59),
    "GitLab": "glpat-" + made_up(20),
    "OpenAI": "sk-proj-" + made_up(48),
    "OpenAI, old": "sk-" + made_up(48),
    "Amazon": "AKIA" + "ABCDEFGH12345678",
    "Slack": "xoxb-" + "123456789012-" + made_up(24),
    "JWT": "eyJ" + made_up(20) + ".eyJ" + made_up(40) + "." + made_up(43),
    "wandb, local": "local-" + HEX,
    "wandb, new": "wandb_v1_" + made_up(77),
    "Google": "AIza" + made_up(35),
    "login": "https://robot:" + "hunter2hunter2" + "@git.lab.org/x.git",
    "header": "Authorization: Bearer " + made_up(30),
    "private key": "-----BEGIN " + "OPENSSH PRIVATE KEY-----\nb3Blbn\n",
    "--token=": "--token=" + made_up(24),
    "wandb, old": "--wandb_api_key=" + HEX,
    "password=": "password=" + "correct-horse",
    "api_key": "--model.api_key=" + made_up(12),
    "JSON": '{"api_key": "' + made_up(12) + '"}',
    "query": "https://lab.org/data?user=x&access_token=" + made_up(20),
}
PLAIN = [
    "--image_key=observation.images.top", "--cls_token=learned", "--num_tokens=128",
    "--token=mean", "tokenizer=google-t5/t5-small", "hf_transformers/models",
    "lerobot/act_aloha_sim_transfer_cube", "hf://datasets/lerobot/pusht",
    "git@github.com:thu-ml/x.git", "https://wandb.ai/x/y/runs/m55wsgj6", "s3://bucket/a@b/c",
    "checkpoints/sk-learn-something-quite-long-named/10", "--api_key=WANDB_API_KEY",
    "--password={password}", "--password-file=/run/secrets/db", "mask_token=[MASK]",
    "secret: the eye", "http://127.0.0.1:8265", "a@b:c", "--ssh-key=~/.ssh/id_ed25519",
    "--max_tokens", "key=value", "postgres://localhost:5432/x", "--primary_key=episode_index",
    "weights.sha256=" + HEX, "Is the password = None case handled?", r"password=(\S+)",
    "risk-averse-policy-20251125T101010", "AKIAfoo", "task-transfer_cube-v2",
    "2026-11-25T10:11:12", "x" * 500, "--policy.token_dim=512",
]  # fmt: skip
"""What specs hold and is no secret."""


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_known_wherever_it_stands(name: str) -> None:
    secret = SECRETS[name]
    for text in (secret, f"x {secret} y", f"({secret})"):
        assert why_secret(text), text
        assert HIDDEN in concealed(text)
    assert concealed(concealed(secret)) == concealed(secret)


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert why_secret(text) == ""
    assert concealed(text) == text


scalars = (
    st.integers() | st.floats() | st.booleans() | st.none() | st.text(max_size=60)
    | st.binary(min_size=20, max_size=64).map(lambda b: hashlib.sha1(b).hexdigest())
    | st.binary(max_size=64).map(lambda b: hashlib.sha256(b).hexdigest())
    | st.uuids().map(str) | st.dates().map(str) | st.datetimes().map(str)
    | st.lists(st.text(ALPHABET + "_.-", min_size=1, max_size=20), min_size=1).map("/".join)
)  # fmt: skip
names = st.text(string.ascii_lowercase + "_", min_size=1, max_size=20).filter(
    lambda name: not name.endswith(("token", "key", "pat", "secret", "credential", "credentials"))
) | st.sampled_from(["lr", "kl_weight", "n_tokens", "tokenizer", "commit", "sha256", "revision"])


@given(st.dictionaries(names, scalars, max_size=8))
def test_parameters_hashes_and_paths_are_never_refused(params: dict[str, Any]) -> None:
    words = [f"--{name}={value}" for name, value in params.items()]
    split = [word for name, value in params.items() for word in (f"--{name}", str(value))]
    space = {name: {"choice": [value]} for name, value in params.items()}
    assert list(secrets_in({"params": params, "argv": [*words, *split], "space": space}, {})) == []


PLACES: dict[str, Any] = {
    "command.argv.2": lambda s: {"command": command(argv=["python", "{lr}", s])},
    "command.cwd": lambda s: {"command": command(cwd=f"/{s}")},
    "command.env.OUT": lambda s: {"command": command(env={"OUT": s})},
    "command.after.1": lambda s: {"command": command(after=["x", s])},
    "params.tag": lambda s: {"params": {"steps": 3, "tag": s}},
    "space.tag.choice.1": lambda s: {"space": {"tag": {"choice": ["a", s]}}},
    "data.repo": lambda s: {"data": {"repo": s}},
    "wandb.project": lambda s: {"wandb": {"project": s}},
    "wandb.entity": lambda s: {"wandb": {"entity": s}},
    "name": lambda s: {"name": s},
    "question": lambda s: {"question": f"does {s} help?"},
    "hypotheses.0.claim": lambda s: {"hypotheses": [{"claim": s}]},
    "thresholds": lambda s: {"thresholds": {s: 1}},
    "objective.metric": lambda s: {"objective": {"metric": s, "mode": "min"}},
}


def command(**changes: Any) -> dict[str, Any]:
    return {"argv": ["python", "{lr}"], "metrics": "json_lines", **changes}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["Hugging Face", "login", "api_key"])
def test_a_spec_with_a_secret_anywhere_is_refused_with_the_cure(place: str, name: str) -> None:
    spec = regression(trainer="command", command=command(), params={"steps": 3})
    with pytest.raises(SpecError) as caught:
        check({**spec, **PLACES[place](SECRETS[name])})
    (line,) = [text for text in str(caught.value).splitlines() if "looks like a secret" in text]
    assert line.startswith(f"{place}: ")
    assert "environment" in line
    assert SECRETS[name] not in str(caught.value)


def test_what_the_environment_hides_may_not_stand_in_a_spec(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", HEX)
    assert list(secrets_in({"params": {"commit": HEX}}, {})) == []
    with pytest.raises(SpecError, match=r"question: looks like a secret .*environment"):
        check(regression(question=f"was it {HEX}?"))


def test_neither_by_set_nor_in_a_configuration(tmp_path: Path) -> None:
    secret = SECRETS["Hugging Face"]
    path, config = tmp_path / "spec.yaml", tmp_path / "base.json"
    path.write_text(yamlio.dump(regression()))
    with pytest.raises(SpecError, match=r"params\.tag: looks like a secret"):
        load_spec(path, [f"params.tag={secret}"])
    config.write_text(json.dumps({"hub": {"token": secret}, "lr": 1}))
    spec = regression(
        trainer="command", params={"steps": 3},
        command=command(argv=["python", "{config}"], config=str(config)),
    )  # fmt: skip
    with pytest.raises(SpecError, match=r"command\.config: .*hub\.token: looks like a secret"):
        check(spec)


def test_a_message_shows_no_secret() -> None:
    for secret in SECRETS.values():
        assert secret not in str(Problem(f"params.{secret}", f"is {secret}", secret, secret))


class TestTheEnvironment:
    HIDES: Mapping[str, str] = {
        "HF_TOKEN": "tok-12345678", "db_password": "hunter2hunter2", "MY_SECRET_2": "s3cretivity",
        "HTTPS_PROXY": "http://me:" + "pa55word@proxy:3128", "OPENAI_APIKEY": "abcdefghij",
        "CERT_KEY": "-----BEGIN X-----\nfirst line of it\nsecond line of it\n",
    }  # fmt: skip
    SHOWS: Mapping[str, str] = {
        "PATH": "/usr/bin:/bin", "KEYBOARD": "qwertz-105", "TOKENIZERS_PARALLELISM": "disabled",
        "A_KEY": "short", "SSH_KEY": "/dev/null", "LANG": "en_US.UTF-8",
    }  # fmt: skip

    def test_values_are_hidden_by_name_and_by_shape(self) -> None:
        text = json.dumps({**self.HIDES, **self.SHOWS}) + "".join(self.HIDES.values())
        shown = hidden(text, {**self.HIDES, **self.SHOWS})
        for value in self.HIDES.values():
            assert not [line for line in value.splitlines() if line in shown]
        assert all(value in shown for value in self.SHOWS.values())

    def test_a_long_one_is_hidden_whole(self) -> None:
        value = made_up(50_000)
        assert hidden(f"<{value}>", {"BIG_KEY": value}).strip("<*>") == ""


secret_sets = st.lists(st.text("ab", min_size=1, max_size=6), min_size=1, max_size=4)


@given(secret_sets, st.text("ab\n", max_size=60), st.data())
def test_a_stream_is_masked_as_the_whole_is(found: list[str], text: str, data: Any) -> None:
    """Whatever the chunks are, also for values that begin or end alike."""
    found = sorted(set(found), key=len, reverse=True)
    whole = Mask(found)
    expected = whole.cut(text.encode()) + whole.rest()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    mask, shown, longest = Mask(found), b"", max(map(len, found))
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        part = mask.cut(text[begin:end].encode())
        shown += part
        assert len(mask._rest) < longest
    assert shown + mask.rest() == expected
    left = expected.decode().replace(HIDDEN, "\0")
    assert not [value for value in found if value in left]


def test_looking_takes_time_by_length_only() -> None:
    for text in ("sk-" * 30_000, "a." * 50_000, "eyJ" * 30_000, "x://a" * 20_000, "token=" * 20_000,
                 "-----BEGIN " * 9_000, '"a":' * 25_000, "basic 1" * 15_000):  # fmt: skip
        began = time.process_time()
        why_secret(text)
        concealed(text)
        assert time.process_time() - began < 2, text[:12]


def test_an_ordinary_environment_costs_nothing() -> None:
    assert values({"PATH": "/bin"}) == []
    mask = Mask([])
    assert mask.cut(b"as it is") == b"as it is"


def test_a_draft_with_a_secret_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = SECRETS["Hugging Face"]
    theirs, ours = tmp_path / "sweep.yaml", tmp_path / "spec.yaml"
    theirs.write_text(
        "program: train.py\nmethod: random\nparameters: {lr: {values: [1, 2]}}\n"
        f"command: [python, train.py, --hub_token={secret}]\n"
    )
    assert main(["init", "--from-wandb-sweep", str(theirs), "-o", str(ours)]) == 2
    error = capsys.readouterr().err
    assert "command.argv.2: looks like a secret" in error
    assert secret not in error
    assert not ours.exists()


@pytest.mark.parametrize("name", ["a/b", "a\\b", "a#b", "a?b", "a%b", "a:b", "x" * 129, "a\x1bb"])
@pytest.mark.parametrize("key", ["project", "entity"])
def test_a_name_that_wandb_refuses_is_refused_at_once(key: str, name: str) -> None:
    with pytest.raises(SpecError, match=rf"wandb\.{key}: .*; valid: at most 128 characters"):
        check(regression(wandb={key: name}))
