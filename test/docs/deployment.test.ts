import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { governorFlags, governorOptions } from "../../src/governor/daemon/options.ts";

const page = readFileSync(new URL("../../docs/deployment.md", import.meta.url), "utf8");

function blocksOf(language: string): string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, text = ""]) => text);
}

test("the manifests are YAML, and the governor takes every flag that they and the image give it, with that value", () => {
  const manifests = blocksOf("yaml");
  expect(manifests.length).toBeGreaterThan(0);
  for (const manifest of manifests)
    for (const document of parseAllDocuments(manifest)) expect(document.errors).toEqual([]);
  const inManifest = manifests.flatMap((text) => [...text.matchAll(/^ *- --([a-z-]+)=(\S+)$/gm)]);
  const inImage = blocksOf("dockerfile").flatMap((text) => [...text.matchAll(/"--([a-z-]+)", "([^"]+)"/g)]);
  expect(inManifest.length).toBe(3);
  expect(inImage.length).toBe(3);
  const known = new Set(Object.keys(governorFlags));
  for (const [, name = "", value = ""] of [...inManifest, ...inImage]) {
    expect(known).toContain(name);
    expect(() => governorOptions(new Map([[name, value]]))).not.toThrow();
  }
});

/** The members of Kubernetes' API (apps/v1 DaemonSet, core/v1 Pod) that the manifests use; any other name is a mistake in them. */
const mount = z.strictObject({
  name: z.string(),
  mountPath: z.string().startsWith("/"),
  readOnly: z.boolean().optional(),
});
const volume = z.strictObject({
  name: z.string(),
  hostPath: z.strictObject({ path: z.string().startsWith("/"), type: z.enum(["Directory", "DirectoryOrCreate"]) }),
});
const labels = z.record(z.string(), z.string());
const governorPod = z.strictObject({
  nodeSelector: labels,
  tolerations: z.array(z.strictObject({ operator: z.literal("Exists") })),
  automountServiceAccountToken: z.boolean(),
  enableServiceLinks: z.boolean(),
  securityContext: z.strictObject({ seccompProfile: z.strictObject({ type: z.string() }) }),
  containers: z.tuple([
    z.strictObject({
      name: z.string(),
      image: z.string().regex(/^[^:]+:[^:]+$/),
      args: z.array(z.string().startsWith("--")),
      securityContext: z.strictObject({
        runAsUser: z.int(),
        runAsGroup: z.int(),
        allowPrivilegeEscalation: z.boolean(),
        readOnlyRootFilesystem: z.boolean(),
        capabilities: z.strictObject({ drop: z.array(z.string()) }),
      }),
      resources: z.strictObject({
        requests: z.strictObject({ cpu: z.string(), memory: z.string() }),
        limits: z.strictObject({ memory: z.string().regex(/^\d+Mi$/) }),
      }),
      volumeMounts: z.array(mount),
    }),
  ]),
  volumes: z.array(volume),
});
const daemonSet = z.strictObject({
  apiVersion: z.literal("apps/v1"),
  kind: z.literal("DaemonSet"),
  metadata: z.strictObject({ name: z.string(), namespace: z.string(), labels }),
  spec: z.strictObject({
    selector: z.strictObject({ matchLabels: labels }),
    template: z.strictObject({ metadata: z.strictObject({ labels }), spec: governorPod }),
  }),
});
const measuringPod = z.strictObject({
  spec: z.strictObject({
    securityContext: z.strictObject({ supplementalGroups: z.array(z.int()) }),
    containers: z.tuple([
      z.strictObject({
        name: z.string(),
        env: z.array(z.strictObject({ name: z.string(), value: z.string() })),
        volumeMounts: z.array(mount),
      }),
    ]),
    volumes: z.array(volume),
  }),
});

const documents = blocksOf("yaml").flatMap((text) =>
  parseAllDocuments(text).map((document): unknown => document.toJS()),
);
const isKind = (document: unknown): boolean => typeof document === "object" && document !== null && "kind" in document;

/** Where a container sees a path of its own, in the host's tree. */
function hostPathOf(
  path: string,
  mounts: readonly z.infer<typeof mount>[],
  volumes: readonly z.infer<typeof volume>[],
) {
  const place = mounts.find(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`));
  const found = volumes.find(({ name }) => name === place?.name);
  return found === undefined || place === undefined ? null : path.replace(place.mountPath, found.hostPath.path);
}

test("the DaemonSet has the fields of Kubernetes' API and no other, and its selector finds its own pods", () => {
  const sets = documents.filter(isKind).map((document) => daemonSet.parse(document));
  expect(sets).toHaveLength(1);
  const [set] = sets;
  expect(set?.spec.template.metadata.labels).toMatchObject(set?.spec.selector.matchLabels ?? {});
});

test("the governor's pod has every volume that it mounts, reads the host's /sys only, and has no capability", () => {
  const { containers, volumes } = daemonSet.parse(documents.find(isKind)).spec.template.spec;
  const [{ args, securityContext, volumeMounts }] = containers;
  expect(volumeMounts.map(({ name }) => name)).toEqual(volumes.map(({ name }) => name));
  const flagValue = (flag: string): string => args.find((text) => text.startsWith(`--${flag}=`))?.split("=")[1] ?? "";
  expect(hostPathOf(flagValue("powercap-root"), volumeMounts, volumes)).toBe("/sys/class/powercap");
  expect(hostPathOf(flagValue("socket-path"), volumeMounts, volumes)).toBe("/run/carbon-ops/governor.sock");
  // Where the state is by default.
  expect(hostPathOf(governorOptions(new Map()).stateFile ?? "", volumeMounts, volumes)).toMatch(
    /^\/var\/lib\/carbon-ops\//,
  );
  expect(volumeMounts.find(({ name }) => name === "sys")?.readOnly).toBe(true);
  expect(securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  // The socket's group is the container's own: then no owner has to be changed, which would take a capability.
  expect(securityContext.runAsGroup).toBe(Number(flagValue("socket-group")));
});

test("the pod that measures finds the socket where the governor puts it, through its group and without writing", () => {
  const governor = daemonSet.parse(documents.find(isKind)).spec.template.spec.containers[0];
  const { securityContext, containers, volumes } = measuringPod.parse(
    documents.find((document) => measuringPod.safeParse(document).success),
  ).spec;
  const [{ env, volumeMounts }] = containers;
  expect(securityContext.supplementalGroups).toEqual([governor.securityContext.runAsGroup]);
  const socket = env.find(({ name }) => name === "CARBON_OPS_GOVERNOR_SOCKET")?.value ?? "";
  expect(hostPathOf(socket, volumeMounts, volumes)).toBe("/run/carbon-ops/governor.sock");
  expect(volumeMounts.every(({ readOnly }) => readOnly === true)).toBe(true);
});
