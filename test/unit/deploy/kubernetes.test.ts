/** The manifests against the schemas of Kubernetes and KEDA, and against each other. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { parseOptions } from '../../../cli/command';
import { vramMonitor } from '../../../cli/commands/vram-monitor';

const FOLDER = join(__dirname, '../../../deploy/kubernetes');
const require = createRequire(__filename);

interface Labels {
	[label: string]: string;
}
interface Container {
	name: string;
	image: string;
	command?: string[];
	args?: string[];
	env?: { name: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[];
	envFrom?: { configMapRef?: { name: string } }[];
	ports?: { name: string; containerPort: number }[];
	resources?: { requests?: Labels; limits?: Labels };
	securityContext?: { allowPrivilegeEscalation?: boolean };
	readinessProbe?: object;
	livenessProbe?: object;
	volumeMounts?: { name: string }[];
}
interface PodSpec {
	securityContext?: { runAsNonRoot?: boolean };
	containers: Container[];
	initContainers?: Container[];
	volumes?: { name: string }[];
	terminationGracePeriodSeconds?: number;
}
interface Manifest {
	apiVersion: string;
	kind: string;
	metadata: { name: string };
	data?: Labels;
	stringData?: Labels;
	spec: {
		selector?: { matchLabels?: Labels };
		podSelector?: { matchLabels?: Labels };
		template?: { metadata: { labels: Labels }; spec: PodSpec };
		serviceName?: string;
		volumeClaimTemplates?: { metadata: { name: string } }[];
		scaleTargetRef?: { kind: string; name: string };
		maxReplicaCount?: number;
		triggers?: { authenticationRef?: { name: string } }[];
		ports?: { targetPort: string }[];
		ingress?: NetworkRule[];
		egress?: NetworkRule[];
	};
}
interface NetworkRule {
	from?: { podSelector?: { matchLabels?: Labels } }[];
	to?: { podSelector?: { matchLabels?: Labels } }[];
}

const files = readdirSync(join(FOLDER, 'base')).filter((name) => name.endsWith('.yaml'));

function read(file: string): Manifest[] {
	const documents = parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8'));
	return documents.map((document) => {
		if (document.errors[0]) throw document.errors[0];
		return document.toJS() as Manifest;
	});
}

const manifests = files
	.filter((file) => file !== 'kustomization.yaml')
	.flatMap((file) => read(`base/${file}`).map((manifest) => ({ file, manifest })));
const all = manifests.map(({ manifest }) => manifest);
const workloads = all.filter((one) => one.spec?.template !== undefined);
const podLabels = workloads.map((one) => one.spec.template?.metadata.labels as Labels);
const ofKind = (kind: string) => all.filter((one) => one.kind === kind);

function validate(manifest: Manifest): void {
	const from = manifest.apiVersion.startsWith('keda.sh/')
		? `@kubernetes-models/keda/${manifest.apiVersion}`
		: `kubernetes-models/${manifest.apiVersion}`;
	const models = require(from) as Record<string, new (data: object) => { validate(): void }>;
	const Model = models[manifest.kind];
	if (!Model) throw new Error(`${from} knows no ${manifest.kind}`);
	new Model(manifest).validate();
}

const matches = (selector: Labels = {}, labels: Labels): boolean =>
	Object.entries(selector).every(([label, value]) => labels[label] === value);

describe('each manifest', () => {
	it.each(
		manifests.map(
			({ file, manifest }) => [file, manifest.kind, manifest.metadata.name, manifest] as const,
		),
	)('%s: %s %s is valid by its schema', (_file, _kind, _name, manifest) => {
		expect(() => validate(manifest)).not.toThrow();
	});

	it('would be refused with a fault in it: the schemas are looked at', () => {
		const [worker] = all.filter((one) => one.kind === 'Deployment') as [Manifest];
		const broken = structuredClone(worker) as Manifest & { spec: { replicas: unknown } };
		broken.spec.replicas = 'three';
		expect(() => validate(broken)).toThrow(/replicas must be/);
		const scaled = structuredClone(ofKind('ScaledObject')[0] as Manifest);
		scaled.spec.triggers = [{} as never];
		expect(() => validate(scaled)).toThrow(/must have required property/);
	});

	it('is listed for kustomize, except the secrets, which each fills in', () => {
		const [kustomization] = read('base/kustomization.yaml') as unknown as { resources: string[] }[];
		const listed = kustomization?.resources ?? [];
		const there = files.filter((file) => !/^(kustomization|secrets\.example)/.test(file));
		expect([...listed].sort()).toEqual(there.sort());
	});
});

describe('the manifests together', () => {
	it.each(workloads.map((one) => [one.metadata.name, one] as const))(
		'%s selects its own pods and runs without rights',
		(_name, one) => {
			const template = one.spec.template as NonNullable<Manifest['spec']['template']>;
			if (one.kind !== 'Job') {
				const selector = one.spec.selector?.matchLabels as Labels;
				expect(podLabels.filter((labels) => matches(selector, labels))).toHaveLength(1);
				expect(matches(selector, template.metadata.labels)).toBe(true);
			}
			expect(template.spec.securityContext?.runAsNonRoot).toBe(true);
			const volumes = [
				...(template.spec.volumes ?? []).map(({ name }) => name),
				...(one.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name),
			];
			for (const container of [
				...template.spec.containers,
				...(template.spec.initContainers ?? []),
			]) {
				expect(container.securityContext?.allowPrivilegeEscalation).toBe(false);
				expect(container.resources?.requests?.['memory']).toBeDefined();
				expect(container.resources?.limits?.['memory']).toBeDefined();
				for (const mount of container.volumeMounts ?? []) expect(volumes).toContain(mount.name);
			}
			for (const container of one.kind === 'Job' ? [] : template.spec.containers) {
				expect(container.readinessProbe).toBeDefined();
				expect(container.livenessProbe).toBeDefined();
			}
		},
	);

	it('have pods and ports for every service, budget and policy', () => {
		for (const service of ofKind('Service')) {
			const selector = service.spec.selector as unknown as Labels;
			const found = workloads.filter((one) =>
				matches(selector, one.spec.template?.metadata.labels as Labels),
			);
			expect(found, service.metadata.name).toHaveLength(1);
			const names = found[0]?.spec.template?.spec.containers.flatMap((container) =>
				(container.ports ?? []).map(({ name }) => name),
			);
			for (const port of service.spec.ports ?? []) expect(names).toContain(port.targetPort);
		}
		const policies = ofKind('NetworkPolicy');
		const selectors = [
			...ofKind('PodDisruptionBudget').map((one) => one.spec.selector?.matchLabels),
			...policies.map((one) => one.spec.podSelector?.matchLabels),
			...policies.flatMap(({ spec }) =>
				[...(spec.ingress ?? []), ...(spec.egress ?? [])].flatMap((rule) =>
					[...(rule.from ?? []), ...(rule.to ?? [])].flatMap((peer) =>
						peer.podSelector ? [peer.podSelector.matchLabels] : [],
					),
				),
			),
		];
		for (const selector of selectors) {
			expect(
				podLabels.some((labels) => matches(selector, labels)),
				JSON.stringify(selector),
			).toBe(true);
		}
	});

	it('name only secrets and settings that there are', () => {
		const secret = ofKind('Secret')[0] as Manifest;
		const settings = ofKind('ConfigMap').map((one) => one.metadata.name);
		for (const one of workloads) {
			const { containers, initContainers = [] } = one.spec.template?.spec as PodSpec;
			for (const container of [...containers, ...initContainers]) {
				for (const { valueFrom } of container.env ?? []) {
					if (!valueFrom?.secretKeyRef) continue;
					expect(valueFrom.secretKeyRef.name).toBe(secret.metadata.name);
					expect(Object.keys(secret.stringData ?? {})).toContain(valueFrom.secretKeyRef.key);
				}
				for (const { configMapRef } of container.envFrom ?? []) {
					expect(settings).toContain(configMapRef?.name);
				}
			}
		}
	});

	it('scale what there is, and watch every server that may be started', () => {
		const [scaled] = ofKind('ScaledObject') as [Manifest];
		const target = scaled.spec.scaleTargetRef;
		expect(ofKind(String(target?.kind)).map((one) => one.metadata.name)).toContain(target?.name);
		const authentications = ofKind('TriggerAuthentication').map((one) => one.metadata.name);
		for (const trigger of scaled.spec.triggers ?? []) {
			expect(authentications).toContain(trigger.authenticationRef?.name);
		}
		const monitor = workloads.find((one) => one.metadata.name === 'vram-monitor');
		const { args = [] } = monitor?.spec.template?.spec.containers[0] as Container;
		const options = parseOptions(vramMonitor, args);
		const most = scaled.spec.maxReplicaCount as number;
		expect(options['server']).toEqual(
			Array.from({ length: most }, (_, n) => `comfyui-${n}=http://comfyui-${n}.comfyui:8188`),
		);
	});

	it('leave nobody unguarded: the first policy denies everything', () => {
		const open = ofKind('NetworkPolicy').find((one) => one.metadata.name === 'default-deny');
		expect(open?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
	});

	it('put MIG slices in the place of GPUs', () => {
		const [patch] = read('mig/comfyui-mig.yaml') as [Manifest];
		const { resources } = patch.spec.template?.spec.containers[0] as Container;
		for (const part of [resources?.requests, resources?.limits]) {
			expect(part).toMatchObject({ 'nvidia.com/gpu': null, 'nvidia.com/mig-3g.20gb': '1' });
		}
		const comfyui = workloads.find((one) => one.metadata.name === 'comfyui');
		expect([patch.kind, patch.metadata.name]).toEqual([comfyui?.kind, comfyui?.metadata.name]);
	});
});
