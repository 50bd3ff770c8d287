#!/usr/bin/env bash
# The manifests for Kubernetes: kustomize builds them, and they have the types of its API. No cluster takes part.
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh
require kubectl
[ -d "$repository/node_modules/kubernetes-types" ] || skip "needs the package kubernetes-types"

ln -s "$repository/node_modules" "$work/node_modules"
for base in "$repository"/deploy/kubernetes/*/; do
  kubectl kustomize "$base" > "$work/manifest.yaml"
  bun -e '
    const types = { DaemonSet: "apps/v1", Deployment: "apps/v1", Service: "core/v1" };
    for (const [i, manifest] of [Bun.YAML.parse(await Bun.stdin.text())].flat().entries()) {
      console.log(`import type { ${manifest.kind} as T${i} } from "kubernetes-types/${types[manifest.kind]}.js";`);
      console.log(`export const manifest${i}: T${i} = ${JSON.stringify(manifest, null, 2)};`);
    }
  ' < "$work/manifest.yaml" > "$work/$(basename "$base").ts"
  echo "$(basename "$base"): $(grep -c '^export const' "$work/$(basename "$base").ts") manifests"
done
check() { tsc --ignoreConfig --noEmit --strict --module nodenext --target esnext --types "" "$@"; }
check "$work"/*.ts
# A mistake is found.
sed 's/"replicas"/"replica"/' "$work/deployment.ts" > "$work/mistake.ts"
if check "$work/mistake.ts" > /dev/null; then
  echo "a wrong field was not found" >&2
  exit 1
fi
echo "passed"
