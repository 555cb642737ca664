#!/usr/bin/env bash
# Writes test/deploy/kubernetes-schemas.generated.json anew: what Kubernetes itself and the Prometheus operator say of the kinds of
# objects that deploy/kubernetes holds, without the prose. The tests read it, so that they need no network.
# Needs Python 3 with pip and PyYAML, and Go. Usage: kubernetes-schemas.sh
set -euo pipefail
cd "$(dirname "$0")/.."

# The wheel brings the JSON schemas of Kubernetes' own OpenAPI documents; the oldest and the newest that it has are kept.
wheel=kubernetes-validate==1.37.0
versions='1.25.0 1.37.0'
operator=v0.85.0

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
python3 -m pip --quiet download --no-deps --dest "$folder" "$wheel"
python3 -m zipfile -e "$folder"/*.whl "$folder/schemas"
GOMODCACHE="$folder/go" go mod download "github.com/prometheus-operator/prometheus-operator@$operator"
crds="$folder/go/github.com/prometheus-operator/prometheus-operator@$operator/example/prometheus-operator-crd"

python3 - "$folder/schemas/kubernetes_validate/kubernetes-json-schema" "$crds" "$versions" <<'PYTHON' > test/deploy/kubernetes-schemas.generated.json
import json, sys, yaml

schemas, crds, versions = sys.argv[1:]
KINDS = [
    'apps.v1.StatefulSet', 'core.v1.Service', 'core.v1.ConfigMap', 'core.v1.Secret', 'core.v1.ServiceAccount',
    'policy.v1.PodDisruptionBudget', 'networking.v1.NetworkPolicy',
]
PROSE = {'description', 'x-kubernetes-group-version-kind', 'x-kubernetes-patch-merge-key', 'x-kubernetes-patch-strategy',
         'x-kubernetes-map-type', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-unions',
         'x-kubernetes-validations', 'default', 'format'}

def bare(node, properties=False):
    """The schema without prose; names of properties are not keywords."""
    if isinstance(node, list): return [bare(item) for item in node]
    if not isinstance(node, dict): return node
    if properties: return {name: bare(value) for name, value in node.items()}
    return {key: bare(value, key in ('properties', '$defs')) for key, value in node.items() if key not in PROSE}

def closed(node):
    """A custom resource refuses what it does not know, as the server does with strict validation."""
    if isinstance(node, list): return [closed(item) for item in node]
    if not isinstance(node, dict): return node
    node = {key: ({name: closed(v) for name, v in value.items()} if key == 'properties' else closed(value)) for key, value in node.items()}
    # JavaScript knows no flags inside of a pattern.
    if str(node.get('pattern', '')).startswith('^(?i)'): del node['pattern']
    if 'properties' in node and 'additionalProperties' not in node: node['additionalProperties'] = False
    if node.pop('x-kubernetes-int-or-string', False): node.pop('type', None)
    return node

def refs(node):
    if isinstance(node, list): return [name for item in node for name in refs(item)]
    if not isinstance(node, dict): return []
    own = [node['$ref'].rsplit('/', 1)[1]] if isinstance(node.get('$ref'), str) else []
    return own + [name for value in node.values() for name in refs(value)]

def local(node):
    if isinstance(node, list): return [local(item) for item in node]
    if not isinstance(node, dict): return node
    return {key: ('#/$defs/' + value.rsplit('/', 1)[1] if key == '$ref' and isinstance(value, str) else local(value)) for key, value in node.items()}

out = {}
for version in versions.split():
    path = f'{schemas}/v{version}-local-strict/_definitions.json'
    text = json.load(open(path))
    definitions = text.get('$defs') or text['definitions']
    wanted, kept = [f'io.k8s.api.{kind}' for kind in KINDS], {}
    while wanted:
        name = wanted.pop()
        if name in kept: continue
        kept[name] = bare(definitions[name])
        wanted += refs(kept[name])
    out[version] = {'$defs': local(dict(sorted(kept.items())))}
operator = {}
for file in ('servicemonitors', 'prometheusrules'):
    crd = yaml.safe_load(open(f'{crds}/monitoring.coreos.com_{file}.yaml'))
    version = next(v for v in crd['spec']['versions'] if v['storage'])
    schema = closed(bare(version['schema']['openAPIV3Schema']))
    schema['properties']['metadata'] = {'type': 'object'}
    operator[f"{crd['spec']['group']}.{version['name']}.{crd['spec']['names']['kind']}"] = schema
out['operator'] = {'$defs': operator}
json.dump(out, sys.stdout, separators=(',', ':'), sort_keys=True)
print()
PYTHON
