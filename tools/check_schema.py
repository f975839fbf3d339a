#!/usr/bin/env python3
"""Holds the configuration, its schema and the program together.

Validates every configs/*.yaml and every example inside api/schema against the schemas, checks that
the schemas describe each key, and, where the program is built, runs its `check` on the same files.
  tools/check_schema.py [--binary FILE]    default: build/release/omniroute, if it is there
Needs python3-jsonschema and python3-yaml.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "api" / "schema"
GATEWAY = "gateway.schema.json"
VARIABLE = re.compile(r"\$\{([^}]*)\}")


class Loader(yaml.SafeLoader):
    """YAML as the gateway reads it: only true and false are booleans, and dates are text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def load_schemas():
    return {path.name: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))}


def validator_for(name, schemas):
    import jsonschema
    try:
        from referencing import Registry, Resource
        registry = Registry().with_resources(
            (each, Resource.from_contents(schema)) for each, schema in schemas.items())
        return jsonschema.Draft202012Validator(schemas[name], registry=registry)
    except ImportError:
        resolver = jsonschema.RefResolver(name, schemas[name], store=dict(schemas))
        return jsonschema.Draft202012Validator(schemas[name], resolver=resolver)


def substituted(value):
    """`value` with each ${...} replaced by its default or a stand-in, typed by the result."""
    if isinstance(value, dict):
        return {key: substituted(each) for key, each in value.items()}
    if isinstance(value, list):
        return [substituted(each) for each in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    text = VARIABLE.sub(lambda m: m[1].split(":-", 1)[1] if ":-" in m[1] else "stand-in", value)
    typed = yaml.load(text, Loader) if text else text
    return typed if isinstance(typed, (bool, int, float)) else text


def problems_in(name, value, schemas):
    for error in sorted(validator_for(name, schemas).iter_errors(value), key=lambda e: list(e.path)):
        yield f"{'.'.join(map(str, error.absolute_path)) or '(top)'}: {error.message}"


def undescribed(schema, path):
    """Paths of properties that say nothing about themselves."""
    for key, each in schema.get("properties", {}).items():
        here = f"{path}.{key}" if path else key
        if "description" not in each and "$ref" not in each:
            yield here
        yield from undescribed(each, here)
        if isinstance(each.get("items"), dict):
            yield from undescribed(each["items"], here + "[]")


def wrapped(name, example):
    """A whole configuration around an example of a filter's settings."""
    filter_name = name.split(".")[0]
    row = [{each: example if each == filter_name else {}}
           for each in ("auth", "translation", "routing", "upstream")]
    return {"listeners": [{"routes": [{"match": {"prefix": "/v1"}, "filters": row}]}],
            "providers": [{"id": "demo", "type": "demo"}]}


def run_check(binary, path):
    """What the program's own check says, or None when it is content."""
    environment = dict(os.environ)
    for name in re.findall(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", pathlib.Path(path).read_text()):
        environment.setdefault(name, "stand-in-" + name.lower())
    done = subprocess.run([str(binary), "check", "--config", str(path)], cwd=ROOT, env=environment,
                          capture_output=True, text=True, timeout=30, check=False)
    if done.returncode == 0:
        return None
    # Certificates are made by whoever deploys, not kept in the repository.
    lines = [line for line in done.stdout.splitlines() if ".tls." not in line]
    return "\n".join(lines) or None


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--binary", type=pathlib.Path,
                           default=ROOT / "build" / "release" / "omniroute")
    options = arguments.parse_args()
    schemas = load_schemas()
    problems = []
    for name, schema in schemas.items():
        problems += [f"api/schema/{name}: {path}: no description"
                     for path in undescribed(schema, "")]
        for index, example in enumerate(schema.get("examples", [])):
            whole = example if name == GATEWAY else wrapped(name, example)
            problems += [f"api/schema/{name}: examples[{index}]: {text}"
                         for text in problems_in(GATEWAY, substituted(whole), schemas)]
            if options.binary.exists():
                with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                    file.write(json.dumps(whole))
                    file.flush()
                    said = run_check(options.binary, file.name)
                if said:
                    problems.append(f"api/schema/{name}: examples[{index}]: {said}")
    configs = sorted((ROOT / "configs").glob("*.yaml"))
    for path in configs:
        value = yaml.load(path.read_text(), Loader)
        problems += [f"{path.relative_to(ROOT)}: {text}"
                     for text in problems_in(GATEWAY, substituted(value), schemas)]
        said = run_check(options.binary, path) if options.binary.exists() else None
        if said:
            problems.append(said)
    for problem in problems:
        print(problem)
    if not problems:
        with_program = "" if options.binary.exists() else " (the program is not built)"
        print(f"{len(schemas)} schemas and {len(configs)} configurations agree{with_program}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
