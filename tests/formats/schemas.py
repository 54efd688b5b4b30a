"""Checks the JSON Schemas of mqttspec with another program's eyes.

    schemas.py PROGRAM    PROGRAM schema ... prints them

Every file of this project has to fit its schema, and files that are broken in a way that a schema can tell must not.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

import yaml
from jsonschema import Draft202012Validator

BROKEN = {
    "scenario": [
        "title: no steps\ncovers: {v5.0: [3.3.1-5]}\n",
        "title: a key too many\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{a: connect}]\nstep: []\n",
        "title: an action\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{a: conect}]\n",
        "title: a field\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{a: {publish: {topic: t, retian: true}}}]\n",
        "title: a modifier\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{a: {publish: {topic: t}, witin: 2s}}]\n",
        "title: a feature\ncovers: {v5.0: [3.3.1-5]}\nneeds: [telepathy]\nsteps: [{a: connect}]\n",
        "title: a setting\ncovers: {v5.0: [3.3.1-5]}\nbroker: {maximum-qso: 1}\nsteps: [{a: connect}]\n",
        "title: a restart\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{broker: restrat}]\n",
        "title: a packet\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{a: {expect: {pubak: {packet-id: 1}}}}]\n",
        "title: an edit\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{a: {send: {pingreq: {}, edit: [{flag: 1}]}}}]\n",
        "title: a matcher\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{a: {expect: {puback: {packet-id: {betwen: 1}}}}}]\n",
        "title: a grade\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{a: {receive: {topic: t}, else: wrong}}]\n",
        "title: two clients\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{a: connect, b: connect}]\n",
    ],
    "recipe": [
        "broker: no command\n",
        "broker: a key too many\ncommand: [x]\nready_within: 1s\n",
        "broker: a setting\ncommand: [x]\nsettings: {maximum-qso: {}}\n",
        "broker: a feature\ncommand: [x]\ndoes-not-offer: {telepathy: nobody does}\n",
        "broker: a time\ncommand: [x]\nready-within: soon\n",
    ],
    "plan": [
        "title: no phases\ngroups: {a: {count: 1}}\n",
        "title: a key\ngroups: {a: {count: 1, cuont: 1}}\nphases: [{steady: 1s}]\n",
        "title: a link\nlinks: {bad: {latenzy: 1s}}\ngroups: {a: {count: 1}}\nphases: [{steady: 1s}]\n",
        "title: a phase\ngroups: {a: {count: 1}}\nphases: [{stormy: 1s}]\n",
        "title: a modifier\ngroups: {a: {count: 1}}\nphases: [{steady: 1s, down: 1s}]\n",
    ],
    "configuration": ["maximum-qso = 1\n", "[limits]\nconnection = 1\n", "retain = {}\n"],
}


def guide():
    """The right examples of the guide."""
    text = pathlib.Path("docs/writing-scenarios.md").read_text(encoding="utf-8")
    for example in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        if not example.startswith("title: A mistaken scenario"):
            yield "docs/writing-scenarios.md", example


def files(*patterns):
    for pattern in patterns:
        for path in sorted(pathlib.Path().glob(pattern)):
            yield str(path), path.read_text(encoding="utf-8")


def shipped(kind):
    if kind == "scenario":
        folders = ("scenarios/common/**/*.yaml", "scenarios/v*/**/*.yaml", "fixtures/scenarios/good/**/*.yaml")
        return [*files(*folders), *guide()]
    if kind == "recipe":
        return list(files("fixtures/targets/launch/*.yaml"))
    if kind == "plan":
        return list(files("scenarios/fleet/*.yaml"))
    return list(files("profiles/*.toml"))


def main(program):
    wrong = 0
    for kind, broken in BROKEN.items():
        schema = json.loads(subprocess.check_output([program, "schema", kind]))
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        load = tomllib.loads if kind == "configuration" else yaml.safe_load
        right = shipped(kind)
        assert right, f"there is no {kind} to try"
        for path, text in right:
            error = next(validator.iter_errors(load(text)), None)
            if error is not None:
                wrong += 1
                print(f"{path} does not fit the schema of a {kind}: {error.json_path}: {error.message[:300]}")
        for text in broken:
            if validator.is_valid(load(text)):
                wrong += 1
                print(f"the schema of a {kind} has nothing against\n{text}")
        print(f"{kind}: {len(right)} files fit, {len(broken)} broken ones were tried")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1]) else 0)
