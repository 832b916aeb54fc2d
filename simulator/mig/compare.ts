/**
 * Compares partitionings of one GPU for a workload: each is replayed with the router deciding. Owns what a slice is in a
 * replay, and which partitioning is recommended. Pure: the same arguments give the same answer.
 */
import type { Catalog } from '../../lib/catalog/schema';
import type { FleetServer, FleetSnapshot } from '../../lib/fleet/types';
import {
	fullPartitions,
	type MigGpu,
	type MigProfile,
	type Partition,
	partitionName,
	priceShare,
} from '../../lib/mig';
import { SECONDS_PER_HOUR } from '../../lib/units';
import {
	EXACT_TRUTH,
	type Metrics,
	metricsOf,
	policyNamed,
	type PolicyDefinition,
	replay,
	type TraceJob,
	type Truth,
} from '../replay';

export interface MigComparisonInput {
	catalog: Catalog;
	gpu: MigGpu;
	/** Of the whole GPU, against the presets' reference GPU. */
	speedFactor: number;
	/** Of the whole GPU; null: not known. */
	hourlyCost: number | null;
	trace: readonly TraceJob[];
	truth?: Truth;
	seed: number;
	/** Default: the router. */
	policy?: PolicyDefinition;
}

export interface MigComparisonRow {
	/** "whole GPU", or its slices, largest first. */
	partition: string;
	slices: number;
	metrics: Metrics;
	/** The whole GPU's price while the workload lasts, per image that was on time; null: no price, or no image. */
	gpu_cost_per_on_time_image: number | null;
}

export interface MigComparison {
	gpu: string;
	/** The best first. */
	rows: MigComparisonRow[];
	recommended: string;
	/** One sentence, with the figures. */
	reason: string;
}

export const WHOLE_GPU = 'whole GPU';

/** What the driver keeps of a slice, at most: nvidia-smi lists each a little below its share of the card. */
const SLICE_OVERHEAD_BYTES = 0.25 * 1024 ** 3;
/** Differences below this are noise: then the fewer slices are better, since they fit more models. */
const SAME_QUALITY = 0.005;

export function compareMigPartitions(input: MigComparisonInput): MigComparison {
	const rows = [
		rowOf(input, WHOLE_GPU, [wholeServer(input)]),
		...fullPartitions(input.gpu)
			// one slice of everything is the whole GPU with MIG on
			.filter((partition) => partition.length > 1)
			.map((partition) => rowOf(input, partitionName(partition), sliceServers(input, partition))),
	];
	rows.sort(byWorth);
	const best = recommendedOf(rows);
	return {
		gpu: input.gpu.name,
		rows,
		recommended: best.partition,
		reason: reasonOf(best, rows),
	};
}

function rowOf(
	input: MigComparisonInput,
	partition: string,
	servers: FleetServer[],
): MigComparisonRow {
	const { catalog, trace, seed, truth = EXACT_TRUTH, hourlyCost } = input;
	const policy = input.policy ?? (policyNamed('router') as PolicyDefinition);
	const fleet: FleetSnapshot = { servers };
	const result = replay({ catalog, fleet, trace, truth, seed, policy });
	const metrics = metricsOf(result);
	const onTime = Math.round(metrics.on_time_ratio * metrics.jobs);
	const gpuCost = hourlyCost === null ? null : (hourlyCost * result.spanSeconds) / SECONDS_PER_HOUR;
	return {
		partition,
		slices: servers.length,
		metrics,
		gpu_cost_per_on_time_image: gpuCost === null || onTime === 0 ? null : gpuCost / onTime,
	};
}

function wholeServer({ gpu, speedFactor, hourlyCost }: MigComparisonInput): FleetServer {
	return serverOf('gpu', gpu.memoryBytes - SLICE_OVERHEAD_BYTES, speedFactor, hourlyCost);
}

function sliceServers(input: MigComparisonInput, partition: Partition): FleetServer[] {
	return partition.map(({ profile, start }) => {
		const share = sharesOf(input.gpu, profile);
		return serverOf(
			`slice-${start}-${profile.name}`,
			sliceBytes(input.gpu, profile),
			input.speedFactor * share.computeShare,
			input.hourlyCost === null ? null : input.hourlyCost * priceShare(share),
		);
	});
}

function sharesOf(gpu: MigGpu, { name, computeSlices, memorySlices }: MigProfile) {
	const computeShare = computeSlices / gpu.computeSlices;
	return {
		gpuName: gpu.name,
		profile: name,
		computeShare,
		memoryShare: memorySlices / gpu.memorySlices,
	};
}

/** Memory that a slice has, a little on the careful side. */
export function sliceBytes(gpu: MigGpu, profile: MigProfile): number {
	return (gpu.memoryBytes * profile.memorySlices) / gpu.memorySlices - SLICE_OVERHEAD_BYTES;
}

/** Idle, empty, and with every file installed. */
function serverOf(
	name: string,
	vramBytes: number,
	speedFactor: number,
	hourlyCost: number | null,
): FleetServer {
	return {
		name,
		reachable: true,
		hourly_cost: hourlyCost,
		speed_factor: speedFactor,
		devices: [
			{
				name,
				type: 'cuda',
				vram_total: vramBytes,
				vram_free: vramBytes,
				torch_vram_total: 0,
				torch_vram_free: 0,
			},
		],
		queue: [],
		loaded_model: null,
		installed_files: null,
	};
}

function byWorth(a: MigComparisonRow, b: MigComparisonRow): number {
	return (
		b.metrics.effective_quality - a.metrics.effective_quality ||
		b.metrics.on_time_ratio - a.metrics.on_time_ratio ||
		a.metrics.wait_seconds.p95 - b.metrics.wait_seconds.p95 ||
		a.slices - b.slices ||
		(a.partition < b.partition ? -1 : 1)
	);
}

/** Of those that are as good as the best, the one with the fewest slices. */
function recommendedOf(rows: readonly MigComparisonRow[]): MigComparisonRow {
	const [best] = rows as [MigComparisonRow];
	const asGood = rows.filter(
		({ metrics }) => metrics.effective_quality >= best.metrics.effective_quality - SAME_QUALITY,
	);
	return asGood.reduce((least, row) => (row.slices < least.slices ? row : least));
}

function reasonOf(best: MigComparisonRow, rows: readonly MigComparisonRow[]): string {
	const figures = ({ partition, metrics }: MigComparisonRow): string =>
		`${partition}: quality on time ${metrics.effective_quality.toFixed(3)}, ${(metrics.on_time_ratio * 100).toFixed(1)} % on time, 95 % begin within ${metrics.wait_seconds.p95.toFixed(1)} s`;
	const other = rows.find((row) => row.partition === WHOLE_GPU && row !== best);
	const against = other ?? rows.find((row) => row !== best);
	return `${figures(best)}${against ? `; ${figures(against)}` : ''}.`;
}
